import type { OuterObjective } from '../../ts/index.js'

/** ½ Σ wᵢ(θᵢ − cᵢ)² with all its derivatives. */
export function quadratic(centre: readonly number[], weights: readonly number[]) {
  return (theta: Float64Array) => ({
    value: theta.reduce((sum, t, i) => sum + 0.5 * weights[i]! * (t - centre[i]!) ** 2, 0),
    gradient: theta.map((t, i) => weights[i]! * (t - centre[i]!)),
    hessian: centre.map((_, i) => centre.map((_, j) => (i === j ? weights[i]! : 0))),
  })
}

/** Rosenbrock's function in two dimensions, minimum 0 at (1, 1). */
export const rosenbrock = (theta: Float64Array) => {
  const [x, y] = theta as unknown as [number, number]
  const r = y - x * x
  return {
    value: 100 * r * r + (1 - x) ** 2,
    gradient: [-400 * x * r - 2 * (1 - x), 200 * r],
    hessian: [1200 * x * x - 400 * y + 2, -400 * x, -400 * x, 200],
  }
}

/** An objective that gives gradients. */
export const withGradient = (evaluate: OuterObjective['evaluate']): OuterObjective => ({
  gradient: 'analytic',
  evaluate,
})

/** An objective that gives gradients and dense Hessians. */
export const withHessian = (evaluate: OuterObjective['evaluate']): OuterObjective => ({
  gradient: 'analytic',
  hessian: 'dense',
  evaluate,
})
