// Time per request against the number of names, both axes logarithmic.
import * as vega from 'vega'
import { compile } from 'vega-lite'

const solvers = [
  ['equipoise, exact', 'own', '#0b6e4f'],
  ['OSQP alone', 'osqp', '#edae49'],
  ['cvxpy with OSQP', 'cvxpy', '#d1495b'],
]

export async function timesFigure(rows) {
  const values = rows.flatMap((row) =>
    solvers.map(([solver, key]) => ({ solver, names: row.names, seconds: row[key].least })),
  )
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    config: {
      font: 'sans-serif',
      view: { stroke: null },
      axis: { gridColor: '#e6e6e6' },
      legend: { labelLimit: 0 },
    },
    title: 'Seconds for the target weights of one request',
    width: 420,
    height: 280,
    data: { values },
    mark: { type: 'line', point: true, strokeWidth: 1.8 },
    encoding: {
      x: {
        field: 'names',
        type: 'quantitative',
        scale: { type: 'log', nice: false },
        axis: { values: rows.map((row) => row.names) },
      },
      y: {
        field: 'seconds',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { values: [1e-5, 1e-4, 1e-3, 1e-2, 0.1], format: '~g' },
      },
      color: {
        field: 'solver',
        scale: { domain: solvers.map(([name]) => name), range: solvers.map(([, , colour]) => colour) },
        title: null,
      },
    },
  }
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return `${svg}\n`
}
