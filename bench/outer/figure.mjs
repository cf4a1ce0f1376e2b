// Data profiles: the share of problems solved within κ(n + 1) evaluations.
// Source: J. J. Moré, S. M. Wild, SIAM J. Optim. 20 (2009) 172–191. A problem is solved where f ≤ f_L + τ(f₀ − f_L), f_L the lowest value found.
import { svgOf } from '../figure.mjs'

const accuracy = 1e-6
const colours = [
  '#0b6e4f',
  '#2a9d8f',
  '#6fb98f',
  '#d1495b',
  '#e76f51',
  '#edae49',
  '#f4a261',
  '#5c677d',
  '#8d99ae',
]

export async function profileFigure(runs, problems) {
  const solvers = [...new Set(runs.map((run) => run.solver))]
  const values = solvers.flatMap((solver) => profile(solver, runs, problems))
  const figure = {
    title: `Share of problems solved to τ = 1e-6; solvers without bounds: of the unconstrained ones`,
    width: 520,
    height: 320,
    data: { values },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.8 },
    encoding: {
      x: {
        field: 'kappa',
        type: 'quantitative',
        scale: { type: 'log' },
        title: 'evaluations (f + g) / (n + 1)',
      },
      y: {
        field: 'share',
        type: 'quantitative',
        scale: { domain: [0, 1] },
        title: null,
        axis: { format: '%' },
      },
      color: { field: 'solver', scale: { domain: solvers, range: colours }, title: null },
    },
  }
  return svgOf(figure)
}

/** The steps of one solver's profile. */
function profile(solver, runs, problems) {
  const own = runs.filter((run) => run.solver === solver)
  const needed = own.map((run) => {
    const { start } = problems.find(({ name }) => name === run.problem)
    const all = runs.filter((other) => other.problem === run.problem && other.lowest.length > 0)
    const least = Math.min(...all.map(({ lowest }) => lowest.at(-1)[1]))
    const first = Math.max(...all.map(({ lowest }) => lowest[0][1]))
    const solved = run.lowest.find(([, f]) => f <= least + accuracy * (first - least))
    return solved ? solved[0] / (start.length + 1) : Number.POSITIVE_INFINITY
  })
  const steps = needed.filter(Number.isFinite).sort((a, b) => a - b)
  const shares = steps.map((kappa, index) => ({ solver, kappa, share: (index + 1) / own.length }))
  return [
    { solver, kappa: 0.5, share: 0 },
    ...shares,
    { solver, kappa: 2000, share: steps.length / own.length },
  ]
}
