import { type Html, html } from '../escape.js'
import {
  figure,
  formatBound,
  formatCount,
  formatNumber,
  formatPercent,
  formatScientific,
  plural,
} from '../format.js'
import type { ReportInput } from '../input.js'
import { OUTCOMES } from '../outcomes.js'
import type { Report } from '../report.js'
import { countWithin } from '../summary.js'

/** The headline, the figures that matter most, and the story in four short paragraphs. */
export function outcomeSection(report: Report): Html {
  const { status, message } = report.certificate
  const outcome = OUTCOMES[status]
  return html`<section id="outcome" aria-labelledby="outcome-title">
<div class="verdict ${outcome.tone}">
<p class="badge">${outcome.badge}</p>
<h2 id="outcome-title">${outcome.headline}</h2>
<p>${outcome.meaning}</p>
<p class="message"><span>The program’s own message:</span> <bdi>${message}</bdi></p>
${outcome.advice.length > 0 && html`<h3>What to try</h3><ul>${outcome.advice.map((advice) => html`<li>${advice}</li>`)}</ul>`}
</div>
${keyNumbers(report)}
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

const KEY_LEVEL = 0.005

function keyNumbers({ certificate, lines, errors }: Report): Html {
  const { inputs, distribution } = certificate
  const numAtBound = certificate.numAtLower + certificate.numAtUpper
  const share = inputs.numRecords > 0 ? numAtBound / inputs.numRecords : Number.NaN
  const within = (side: 'errorBefore' | 'errorAfter') => formatCount(countWithin(lines, side, KEY_LEVEL))
  const tiles: [name: string, value: Html, note: Html | string][] = [
    [
      'Records',
      figure(inputs.numRecords, formatCount(inputs.numRecords)),
      `${plural(inputs.numTargets, 'target')}`,
    ],
    [
      'Distance bound',
      figure(certificate.distanceBound, formatBound(certificate.distanceBound)),
      'no multiplier is farther than this from the best one',
    ],
    [
      'Median error of the targets',
      figure(errors.after.median, formatPercent(errors.after.median)),
      html`before: ${figure(errors.before.median, formatPercent(errors.before.median))}`,
    ],
    [
      `Targets within ${formatPercent(KEY_LEVEL)}`,
      html`${within('errorAfter')}<small> of ${formatCount(errors.after.count)}</small>`,
      `before: ${within('errorBefore')}`,
    ],
    [
      'Records at a bound',
      figure(numAtBound, formatCount(numAtBound)),
      `${formatPercent(share)} of all: ${formatCount(certificate.numAtLower)} at the lower, ${formatCount(certificate.numAtUpper)} at the upper`,
    ],
    [
      'Effective sample size',
      figure(certificate.effectiveSampleSize, formatCount(certificate.effectiveSampleSize)),
      html`design effect ${figure(certificate.designEffect, formatNumber(certificate.designEffect))} (Kish)`,
    ],
    [
      'Sum of the weights',
      figure(distribution.sumOfWeightsAfter, formatCount(distribution.sumOfWeightsAfter)),
      html`before: ${figure(distribution.sumOfWeightsBefore, formatCount(distribution.sumOfWeightsBefore))}`,
    ],
    [
      'Solved in',
      figure(certificate.timing.totalSeconds, `${formatNumber(certificate.timing.totalSeconds, 3)} s`),
      plural(certificate.iterations, 'iteration'),
    ],
  ]
  return html`<dl class="tiles" aria-label="Key numbers">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>`
}

function asked({ certificate }: Report): Html {
  const { inputs, options } = certificate
  const limits = options.bounds
    ? html`between ${figure(options.bounds[0])} and ${figure(options.bounds[1])}`
    : 'between two limits that are given for each record'
  return html`<p>Each of the ${plural(inputs.numRecords, 'record')} came with a design weight. Every design weight was to be multiplied by a
factor of its own, its <em>multiplier</em>, ${limits}, so that ${plural(inputs.numTargets, 'weighted total')} come as close as possible to
${inputs.numTargets === 1 ? 'the given target' : 'their given targets'}, while the multipliers stay as close to 1 as that allows. The penalty (here ${figure(options.penalty)}) strikes the balance: a
larger one keeps the weights nearer to the design weights, a smaller one brings the totals nearer to the targets.</p>
${inputs.droppedRecords > 0 && html`<p>${plural(inputs.droppedRecords, 'record')} of the input had no usable design weight and ${inputs.droppedRecords === 1 ? 'was' : 'were'} left out.</p>`}`
}

function found({ certificate, errors, impossible }: Report): Html {
  const { before, after } = errors
  if (after.count === 0) return html`<p>There is no target whose total any weights could change.</p>`
  const worstBefore = before.worst && html` (<bdi>${before.worst.label}</bdi>)`
  const worstAfter = after.worst && html` (<bdi>${after.worst.label}</bdi>)`
  return html`<p>Half of the targets are now met to within ${figure(after.median, formatPercent(after.median))}; with the design weights it was
${figure(before.median, formatPercent(before.median))}. The largest error is now ${figure(after.largest, formatPercent(after.largest))}${worstAfter};
it was ${figure(before.largest, formatPercent(before.largest))}${worstBefore}.
${impossible.length > 0 && html`${plural(impossible.length, 'target')} cannot be met by any weights, because no record contributes to ${impossible.length === 1 ? 'it' : 'them'}; ${impossible.length === 1 ? 'it is' : 'they are'} marked in the table and left out of these figures.`}</p>
<p>The weights now have the precision of a simple random sample of ${figure(certificate.effectiveSampleSize, formatCount(certificate.effectiveSampleSize))} records
(Kish’s effective sample size: uneven weights cost precision).</p>`
}

function proven({ certificate }: Report): Html {
  const { distanceBound, options, status } = certificate
  const bound = figure(distanceBound, formatBound(distanceBound))
  const tolerance = figure(options.tolerance, formatScientific(options.tolerance))
  const hasBound = typeof distanceBound === 'number' && Number.isFinite(distanceBound)
  const uniqueness =
    'A problem of this form has exactly one best answer. A check that makes no use of the method which found the weights went back to the data.'
  if (status === 'converged') {
    return html`<p>${uniqueness} It proves, with arithmetic of about 31 digits and with every rounding error counted, that no multiplier is farther
than ${bound} from that best answer (asked for: ${tolerance}). Therefore any other correct program, on any machine, must arrive at the same
weights to that accuracy.</p>
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

function recheck({ certificate, input }: Report): Html {
  return html`<p>Nobody has to trust the program that made this page. This command repeats the check from the files alone, without the method that found the
weights:</p>
<pre><code>${input.verifyCommand ?? genericCommand(input)}</code></pre>
<p>The inputs are identified by the SHA-256 sums <a href="#provenance">below</a>. Two runs have the same multipliers, bit for bit, if their digests agree; this one is <code>${certificate.digest}</code>.</p>`
}

function genericCommand({ certificate }: ReportInput): string {
  const files = certificate.inputs.files
    .filter((file) => file.role === 'records' || file.role === 'targets')
    .map((file) => ` --${file.role} ${file.file}`)
    .join('')
  return `equipoise verify --certificate certificate.json --weights weights.csv${files} …   # and the other options of the run`
}
