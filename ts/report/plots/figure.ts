import { type Content, type Html, html } from '../escape.js'
import { PLOT_SIZES, type PlotSize, renderSvg, type Spec } from './svg.js'

export interface Plot {
  id: string
  title: string
  /** Read out in place of the image: says what the plot shows, figures included. */
  label: string
  spec: (size: PlotSize) => Spec
  legend?: Html
  caption: Content
  /** A table of what is drawn, where the page has none already. */
  data?: Html
}

export async function plotFigure(plot: Plot): Promise<Html> {
  const images: Html[] = []
  for (const size of PLOT_SIZES) images.push(await renderSvg(plot.spec(size), size, plot.label))
  return html`<figure id="${plot.id}" aria-labelledby="${plot.id}-title">
<h3 id="${plot.id}-title">${plot.title}</h3>
${plot.legend}
<div class="plot">${images}</div>
<figcaption>${plot.caption}</figcaption>
${plot.data && html`<details><summary>The figures behind this plot</summary><div class="scroll tall" role="region" tabindex="0" aria-label="Figures behind the plot: ${plot.title}">${plot.data}</div></details>`}
</figure>
`
}

/** Swatch classes are `before`, `after`, `bound`, ... of the style sheet. */
export function legend(entries: readonly (readonly [swatch: string, text: string])[]): Html {
  return html`<ul class="legend" aria-hidden="true">${entries.map(([swatch, text]) => html`<li><i class="swatch ${swatch}"></i>${text}</li>`)}</ul>`
}
