import { type Html, html } from '../escape.js'
import { figure, formatCount, formatScientific } from '../format.js'
import { recordLabel } from '../input.js'
import type { Report } from '../report.js'
import { dataTable, scrollingTable } from '../table.js'

/** Comparison with published weights; left out of the page where there are none. */
export function goldStarSection({ input }: Report): Html | undefined {
  const star = input.goldStar
  if (!star) return undefined
  return html`<section id="gold-star" aria-labelledby="gold-star-title">
<h2 id="gold-star-title">Comparison with the gold star</h2>
<div class="verdict ${star.allclose ? 'good' : 'caution'}"><p class="badge">${star.allclose ? 'Agrees' : 'Differs'}</p><p><bdi>${star.sentence}</bdi></p></div>
<dl class="pairs">
${star.reference !== undefined && html`<div><dt>Reference</dt><dd><bdi>${star.reference}</bdi></dd></div>`}
<div><dt>Records compared</dt><dd>${formatCount(star.numRecords)}</dd></div>
<div><dt>Outside the tolerance</dt><dd>${formatCount(star.numOutside)}</dd></div>
<div><dt>Largest difference</dt><dd>${figure(star.largestAbsoluteDifference, formatScientific(star.largestAbsoluteDifference, 3))}</dd></div>
<div><dt>Largest relative difference</dt><dd>${figure(star.largestRelativeDifference, formatScientific(star.largestRelativeDifference, 3))}</dd></div>
</dl>
<p>Two weights agree if |ours − reference| ≤ ${toleranceText(star.atol, 'absolute tolerance')} + ${toleranceText(star.rtol, 'relative tolerance')} × |reference|.
${star.referenceIsNotOptimal === true && 'The difference is larger than our proven bound: it is the reference that is not the best answer.'}
${star.referenceIsNotOptimal === false && 'The difference does not exceed our proven bound: it does not show that the reference is wrong.'}</p>
${
  star.worst &&
  star.worst.length > 0 &&
  scrollingTable(
    'worst-records',
    'Records that differ most',
    dataTable(
      [input.recordIdName ?? 'Record', 'Ours', 'Reference', 'Difference', 'Allowed'],
      star.worst.map((row) => [
        html`<bdi>${recordLabel(input, row.record)}</bdi>`,
        figure(row.ours),
        figure(row.reference),
        figure(row.absoluteDifference, formatScientific(row.absoluteDifference)),
        figure(row.allowed, formatScientific(row.allowed)),
      ]),
    ),
  )
}
</section>`
}

function toleranceText(value: number | undefined, words: string): string {
  return value === undefined ? words : formatScientific(value)
}
