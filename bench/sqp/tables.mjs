// The table of the families, the one of the small problems, and the figure.
import { svgOf } from '../figure.mjs'
import { published } from './published.mjs'

const times = (peer, own) => (peer && own ? `${(peer / own).toPrecision(3)}` : '–')
const seconds = (value) => (value ? value.toPrecision(3) : '–')

/** One line per problem of the families; `scipy` is absent where it was not run. */
export function familyTable(rows) {
  const lines = [
    '| problem | gradients | steps | relative error | SciPy SLSQP | × ours | slsqp-jax | × ours | Hessian products | products | slsqp-jax | × ours |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const { gradients, products, scipy } of rows) {
    const known = published[gradients.name] ?? {}
    const cells = [
      gradients.name,
      seconds(gradients.seconds),
      gradients.steps,
      gradients.relativeError === null ? 'unknown' : gradients.relativeError.toExponential(1),
      seconds(scipy?.seconds),
      times(scipy?.seconds, gradients.seconds),
      seconds(known.gradients),
      times(known.gradients, gradients.seconds),
      seconds(products.seconds),
      products.hessianProducts,
      seconds(known.products),
      times(known.products, products.seconds),
    ]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return lines
}

/** Sums of evaluations over the small problems; `solvers` are pairs of a name and its rows. */
export function evaluationTable(solvers) {
  const lines = [
    '| | objective | gradient | both | of Hock and Schittkowski alone |',
    '| --- | --- | --- | --- | --- |',
  ]
  for (const [name, rows] of solvers) {
    const sum = (key, chosen = rows) => chosen.reduce((total, row) => total + row[key], 0)
    const both = (chosen) => sum('objectiveEvaluations', chosen) + sum('gradientEvaluations', chosen)
    const classic = rows.filter((row) => row.name.startsWith('HS'))
    const cells = [name, sum('objectiveEvaluations'), sum('gradientEvaluations'), both(rows), both(classic)]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return lines
}

/** Evaluations of f and ∇f together, one mark per problem and solver. */
export function evaluationFigure(solvers) {
  const values = solvers.flatMap(([solver, rows]) =>
    rows.map((row) => ({
      solver,
      problem: row.name,
      evaluations: row.objectiveEvaluations + row.gradientEvaluations,
    })),
  )
  return svgOf({
    title: 'Evaluations of f and its gradient, from the standard starts',
    width: 560,
    height: { step: 14 },
    data: { values },
    mark: { type: 'point', filled: true, size: 45 },
    encoding: {
      x: { field: 'evaluations', type: 'quantitative', scale: { type: 'log' }, title: null },
      y: { field: 'problem', type: 'nominal', title: null },
      color: {
        field: 'solver',
        scale: { domain: solvers.map(([name]) => name), range: ['#0b6e4f', '#d1495b', '#edae49'] },
        title: null,
      },
    },
  })
}
