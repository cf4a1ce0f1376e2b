// What the figures of all benches share.
import * as vega from 'vega'
import { compile } from 'vega-lite'

/** A Vega-Lite figure as SVG, in the look of the benches. */
export async function svgOf(figure, { legend = {} } = {}) {
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    config: {
      font: 'sans-serif',
      view: { stroke: null },
      axis: { gridColor: '#e6e6e6' },
      legend: { labelLimit: 0, ...legend },
    },
    ...figure,
  }
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return `${svg}\n`
}
