import { type Html, html } from '../escape.js'
import { exactDigits } from '../format.js'
import type { FigureRow } from '../forms/form.js'
import type { Report } from '../report.js'

/** Each figure of the independent check: its value, one sentence of meaning, and the inequality it stands for. */
export function certificateSection({ certificate, form }: Report): Html {
  return html`<section id="certificate" aria-labelledby="certificate-title">
<h2 id="certificate-title">The certificate</h2>
<p>Every figure here was computed from the data by the independent check, after the method had ended. <span class="on-screen">Point at a figure to see all its digits.</span></p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="certificate-title"><table class="figures" role="table">
<thead role="rowgroup"><tr role="row"><th scope="col">Figure</th><th scope="col" class="number">Value</th><th scope="col">What it means</th><th scope="col">What it states</th></tr></thead>
<tbody role="rowgroup">${form.certificateRows.map(figureRow(certificate as unknown as Record<string, unknown>))}</tbody>
</table></div>
${form.problem}
</section>`
}

function figureRow(certificate: Record<string, unknown>): (row: FigureRow) => Html {
  return ({ name, key, text, meaning, inequality }) => {
    const value = certificate[key]
    const exact = typeof value === 'number' ? exactDigits(value) : ''
    return html`<tr role="row"><th scope="row" role="rowheader">${name}<br> <code>${key}</code></th><td role="cell" class="number" title="${exact}">${text}</td><td role="cell">${meaning}</td><td role="cell" class="formula">${inequality}</td></tr>
`
  }
}
