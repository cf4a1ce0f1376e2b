import { type Html, html, nameOf } from '../escape.js'
import { plural } from '../format.js'
import type { Report } from '../report.js'

/** Says plainly that there were none: an absent section could also be a forgotten one. */
export function warningsSection({ certificate }: Report): Html {
  const { warnings, impossibleTargets } = certificate
  return html`<section id="warnings" aria-labelledby="warnings-title">
<h2 id="warnings-title">Warnings</h2>
${warnings.length === 0 ? html`<p>There were no warnings.</p>` : html`<ul class="warnings">${warnings.map((warning) => html`<li><bdi>${warning}</bdi></li>`)}</ul>`}
${
  impossibleTargets.length > 0 &&
  html`<p>${plural(impossibleTargets.length, 'target')} cannot be met, because no record contributes to ${impossibleTargets.length === 1 ? 'it' : 'them'}: ${impossibleTargets.map(
    (name, index) => html`${index > 0 && ', '}${nameOf(name)}`,
  )}. Usually the condition that selects the records is wrong, or the sample has no such record.</p>`
}
</section>`
}
