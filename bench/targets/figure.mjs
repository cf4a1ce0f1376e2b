// Time per request against the number of names, both axes logarithmic.
import { svgOf } from '../figure.mjs'

const solvers = [
  ['equipoise, exact', 'own', '#0b6e4f'],
  ['OSQP alone', 'osqp', '#edae49'],
  ['cvxpy with OSQP', 'cvxpy', '#d1495b'],
]

export async function timesFigure(rows) {
  const values = rows.flatMap((row) =>
    solvers.map(([solver, key]) => ({ solver, names: row.names, seconds: row[key].least })),
  )
  const figure = {
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
  return svgOf(figure)
}
