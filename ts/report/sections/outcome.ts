import type { AnyDocument } from '../../reweight/certificate-document.js'
import { type Content, type Html, html, nameOf } from '../escape.js'
import { figure, formatBound, formatCount, formatPercent, formatScientific, plural } from '../format.js'
import type { ReportInput } from '../input.js'
import { OUTCOMES } from '../outcomes.js'
import type { Report } from '../report.js'
import { keyNumbers } from './key-numbers.js'

/** The headline, the figures that matter most, and the story in four short paragraphs. */
export function outcomeSection(report: Report): Html {
  const { status, message } = report.certificate
  const outcome = OUTCOMES[status]
  const advice = [...outcome.advice, ...(report.form.advice[status] ?? [])]
  return html`<section id="outcome" aria-labelledby="outcome-title">
<div class="verdict ${outcome.tone}">
<p class="badge">${outcome.badge}</p>
<h2 id="outcome-title">${outcome.headline}</h2>
<p>${outcome.meaning}</p>
<p class="message"><span>The program’s own message:</span> <bdi>${message}</bdi></p>
${advice.length > 0 && html`<h3>What to try</h3><ul>${advice.map((one) => html`<li>${one}</li>`)}</ul>`}
</div>
${status !== 'infeasible' && keyNumbers(report)}
<div class="story">
<h3>What was asked</h3>
${asked(report)}
<h3>What was found</h3>
${found(report)}
<h3>What is proven</h3>
${proven(report)}
<h3>How to recheck it</h3>
${recheck(report)}
</div>
</section>`
}

function asked({ certificate, form }: Report): Html {
  const { inputs } = certificate
  return html`<p>There ${inputs.numRecords === 1 ? 'is' : 'are'} ${plural(inputs.numRecords, 'record')}, each with a design weight. Every design weight was to be multiplied by a
factor of its own, its <em>multiplier</em>, ${limits(certificate)}, and ${plural(inputs.numTargets, 'weighted total')} ${inputs.numTargets === 1 ? 'was' : 'were'} looked at: the multipliers were to be chosen ${form.asked}</p>
${inputs.droppedRecords > 0 && html`<p>${plural(inputs.droppedRecords, 'record')} of the input had no usable design weight and ${inputs.droppedRecords === 1 ? 'was' : 'were'} left out.</p>`}`
}

function limits({ options, schema }: AnyDocument): Content {
  if (options.bounds) return html`between ${figure(options.bounds[0])} and ${figure(options.bounds[1])}`
  return schema === 'equipoise/calibration-certificate/1'
    ? 'without limits'
    : 'between two limits that are given for each record'
}

function found({ certificate, errors, impossible }: Report): Html {
  const { before, after } = errors
  if (certificate.status === 'infeasible')
    return html`<p>That there are none: see <a href="#infeasible">the contradiction</a>.</p>`
  if (after.count === 0) return html`<p>There is no target whose total any weights could change.</p>`
  const worstBefore = before.worst && html` (${nameOf(before.worst.label)})`
  const worstAfter = after.worst && html` (${nameOf(after.worst.label)})`
  return html`<p>Half of the targets are now met to within ${figure(after.median, formatPercent(after.median))}; with the design weights it was
${figure(before.median, formatPercent(before.median))}. The largest error is now ${figure(after.largest, formatPercent(after.largest))}${worstAfter};
it was ${figure(before.largest, formatPercent(before.largest))}${worstBefore}.
${impossible.length > 0 && html`${plural(impossible.length, 'target')} cannot be met by any weights, because no record contributes to ${impossible.length === 1 ? 'it' : 'them'}; ${impossible.length === 1 ? 'it is' : 'they are'} marked in the table and left out of these figures.`}</p>
<p>The weights now have the precision of a simple random sample of ${figure(certificate.effectiveSampleSize, formatCount(certificate.effectiveSampleSize))} records
(Kish’s effective sample size: uneven weights cost precision).</p>
${certificate.status === 'numerical_failure' && html`<p>These figures describe the numbers that were returned, which should not be used.</p>`}`
}

function proven({ certificate }: Report): Html {
  const { distanceBound, options, status } = certificate
  const bound = figure(distanceBound, formatBound(distanceBound))
  const tolerance = figure(options.tolerance, formatScientific(options.tolerance))
  const hasBound = typeof distanceBound === 'number' && Number.isFinite(distanceBound)
  const uniqueness =
    'A problem of this form has exactly one best answer. A check that makes no use of the method which found the weights went back to the data.'
  if (status === 'infeasible') {
    return html`<p>A check that makes no use of the method which found the contradiction went back to the data. It proves, with arithmetic of about 31 digits
and with every rounding error counted, that a certain combination of the totals asks for more than any allowed multipliers give.</p>`
  }
  if (status === 'converged') {
    return html`<p>${uniqueness} It proves, with arithmetic of about 31 digits and with every rounding error counted, that no multiplier is farther
than ${bound} from that best answer (asked for: ${tolerance}). Therefore any other correct program, on any machine, must arrive at the same
weights to that accuracy.
${roundingNote(certificate)}</p>
<p><strong>What this does not say.</strong> The proof is about the arithmetic, not about the data: it cannot tell whether a target is
right, or whether the targets agree with one another. But a target that is still missed is missed because meeting it would cost more elsewhere,
not because the search ended too early.</p>`
  }
  return html`<p>${uniqueness} ${
    hasBound
      ? html`It proves that no multiplier is farther than ${bound} from that best answer. This is more than the tolerance asked for (${tolerance}), so
the weights do not count as certified.`
      : html`It could not establish how far these multipliers are from that best answer: nothing is proven about them.`
  } Another program, or another run of a different method, may well arrive at other weights.</p>`
}

function roundingNote({ boundBeforeRounding }: AnyDocument): Html | undefined {
  if (typeof boundBeforeRounding !== 'number' || !(boundBeforeRounding <= 1e-16)) return undefined
  return html`Before the multipliers were rounded to the 16 digits of a computer number, the bound was ${figure(boundBeforeRounding, formatBound(boundBeforeRounding))}: the rest is that
rounding alone.`
}

function recheck({ certificate, input }: Report): Html {
  return html`<p>Nobody has to trust the program that made this page. This command repeats the check from the files alone, without the method that found the
weights:</p>
<pre><code>${input.verifyCommand ?? genericCommand(input)}</code></pre>
<p>The inputs are identified by the SHA-256 sums <a href="#provenance">below</a>. ${
    certificate.status !== 'infeasible' &&
    html`Two runs have the same multipliers, bit for bit, if their digests agree; this one is <code>${certificate.digest}</code>.`
  }</p>`
}

function genericCommand({ certificate }: ReportInput): string {
  const files = certificate.inputs.files
    .filter((file) => file.role === 'records' || file.role === 'targets')
    .map((file) => ` --${file.role} ${file.file}`)
    .join('')
  const weights = certificate.status === 'infeasible' ? '' : ' --weights weights.csv'
  return `equipoise verify --certificate certificate.json${weights}${files} …   # and the other options of the run`
}
