import type { AnyDocument } from '../../reweight/certificate-document.js'
import type {
  DocumentExplanation,
  DocumentMinimalSet,
  DocumentRelaxation,
} from '../../reweight/infeasibility-document.js'
import { type Html, html, nameOf } from '../escape.js'
import { figure, formatLeast, formatNumber, formatPercent, plural } from '../format.js'
import type { Report } from '../report.js'
import { dataTable, scrollingTable } from '../table.js'

/** Why no weights meet what was asked: sets that contradict, records whose bounds press, what would help. */
export function infeasibleSection({ certificate, input }: Report): Html | undefined {
  const infeasibility = 'infeasibility' in certificate ? certificate.infeasibility : null
  if (infeasibility === null) return undefined
  const { explanation, direction, margin } = infeasibility
  return html`<section id="infeasible" aria-labelledby="infeasible-title">
<h2 id="infeasible-title">The contradiction</h2>
<p>A combination of the totals proves it: what the targets ask of it exceeds what any allowed multipliers give, by at least ${figure(margin, formatLeast(margin))} in its units.
The combination is in the certificate (<code>infeasibility.direction</code>), and <code>equipoise verify</code> checks it again.</p>
${explanation === null ? combination(certificate, direction) : explained(explanation, input.recordIdName ?? 'Record')}
</section>`
}

function explained({ minimalSets, allSets, relaxations }: DocumentExplanation, idName: string): Html {
  return html`${minimalSets.length > 0 && html`<p>${plural(minimalSets.length, 'set')} of targets that cannot be met together, though they could without any one of them${allSets ? ': there are no others.' : '; there may be others.'}</p>`}
${minimalSets.map((set, index) => minimalSet(set, index, idName))}
${relaxations.length > 0 && relaxationsTable(relaxations)}`
}

function minimalSet(set: DocumentMinimalSet, index: number, idName: string): Html {
  return html`<h3>Contradiction ${index + 1}</h3>
<p><bdi>${set.sentence}</bdi></p>
${scrollingTable(
  `set-${index}`,
  set.minimal
    ? 'The targets of this set; it is proven that none can be left out'
    : 'The targets of this set; perhaps some could be left out',
  dataTable(
    ['Target', 'Asked for', 'Factor in the combination'],
    set.members.map(({ name, side, edge, factor }) => [
      nameOf(name),
      html`${side === 'lower' ? 'at least' : 'at most'} ${figure(edge, formatNumber(edge, 8))}`,
      figure(factor),
    ]),
  ),
)}
<p>The targets ask ${figure(set.required, formatNumber(set.required, 8))} of the combination; no allowed multipliers give more than ${figure(set.attainable, formatNumber(set.attainable, 8))}. The gap is proven to be at least ${figure(set.gap, formatLeast(set.gap))}.
${pressing(set)}</p>
${
  set.records.length > 0 &&
  scrollingTable(
    `set-${index}-records`,
    'The records whose bounds matter most, and how much of the gap closes per 1 by which the bound is moved',
    dataTable(
      [idName, 'Held at', 'Closes per 1'],
      set.records.map(({ id, side, bound, pressure }) => [
        html`<bdi>${id}</bdi>`,
        html`${side} bound ${figure(bound)}`,
        figure(pressure),
      ]),
    ),
  )
}`
}

function pressing({ numAtLower, numAtUpper }: DocumentMinimalSet): string {
  if (numAtLower + numAtUpper === 0) return 'No bound of a multiplier has a part in it.'
  return `The proof holds ${plural(numAtLower, 'record')} at the lower bound and ${plural(numAtUpper, 'record')} at the upper.`
}

function relaxationsTable(relaxations: readonly DocumentRelaxation[]): Html {
  return html`<h3>What would help</h3>
${scrollingTable(
  'relaxations',
  'Changes that make the targets possible; each was checked by multipliers that meet it. The cost is the sum of the changes as shares of the totals.',
  html`<table class="data"><thead><tr><th scope="col">Change</th><th scope="col" class="number">Cost</th><th scope="col" class="number">At least</th></tr></thead>
<tbody>${relaxations.map(
    ({ sentence, cost, costAtLeast }) =>
      html`<tr><td class="wordy"><bdi>${sentence}</bdi></td><td class="number">${figure(cost, formatPercent(cost))}</td><td class="number">${figure(costAtLeast, `${formatLeast(costAtLeast === null ? null : 100 * costAtLeast, 3)}%`)}</td></tr>
`,
  )}</tbody></table>`,
)}`
}

/** Without an explanation: the targets of the proof itself. */
function combination({ targets }: AnyDocument, direction: readonly (number | null)[]): Html {
  const named = targets.flatMap((target, j) => {
    const factor = direction[j] ?? null
    const label = target.area === undefined ? target.name : `${target.area}: ${target.name}`
    return factor === 0
      ? []
      : [[nameOf(label), figure(target.target, formatNumber(target.target, 8)), figure(factor)]]
  })
  return scrollingTable(
    'combination',
    'The targets of the combination: they cannot be met together',
    dataTable(['Target', 'Total wanted', 'Factor in the combination'], named),
  )
}
