import { ONE, Rational, sumOf, TWO, ZERO } from './rational.js'

/** A small problem, as plain numbers. */
export interface SmallProblem {
  /** k columns of n */
  columns: number[][]
  designWeights: number[]
  totals: number[]
  scales: (number | undefined)[]
  /** n */
  lower: number[]
  /** n */
  upper: number[]
  penalty: number
}

/**
 * The optimal multipliers of the penalty form as exact fractions, by trying every combination of records at their lower
 * bound, at their upper bound and between: the first that meets the Karush–Kuhn–Tucker conditions is the optimum, because the
 * objective is strictly convex. Undefined if the design weights meet every target (the penalty has no scale then).
 */
export function exactOptimum(problem: SmallProblem): Rational[] | undefined {
  const { columns, designWeights, totals, scales, penalty } = problem
  const n = designWeights.length
  const weights = designWeights.map(Rational.of)
  const scale = totals.map((t, j) =>
    scales[j] === undefined ? Rational.of(t).plus(ONE) : Rational.of(scales[j]),
  )
  const b = weights.map((w, i) => scale.map((s, j) => w.times(Rational.of(columns[j]![i]!)).over(s)))
  const c = totals.map((t, j) => Rational.of(t).over(scale[j]!))
  const initialMisses = c.map((cj, j) => sumOf(b.map((row) => row[j]!)).minus(cj))
  const initialLoss = sumOf(initialMisses.map((r) => r.times(r)))
  if (initialLoss.isZero) return undefined
  const squares = weights.map((w) => w.times(w))
  const sumOfSquares = sumOf(squares)
  const lambda = squares.map((w2) => Rational.of(penalty).times(initialLoss).times(w2).over(sumOfSquares))
  // Half the Hessian BBᵀ + Λ, and half the constant part of the gradient, −Bc − λ.
  const hessian = b.map((row, i) =>
    b.map((other, l) => {
      const dot = sumOf(row.map((x, j) => x.times(other[j]!)))
      return i === l ? dot.plus(lambda[i]!) : dot
    }),
  )
  const constant = b.map((row, i) => ZERO.minus(sumOf(row.map((x, j) => x.times(c[j]!)))).minus(lambda[i]!))
  const lower = problem.lower.map(Rational.of)
  const upper = problem.upper.map(Rational.of)

  for (let code = 0; code < 3 ** n; code++) {
    const state = weights.map((_, i) => Math.floor(code / 3 ** i) % 3)
    const free = state.flatMap((s, i) => (s === 2 ? [i] : []))
    const m = state.map((s, i) => (s === 0 ? lower[i]! : s === 1 ? upper[i]! : ZERO))
    const right = free.map((i) =>
      ZERO.minus(constant[i]!).minus(sumOf(m.map((x, l) => hessian[i]![l]!.times(x)))),
    )
    const solution = solve(
      free.map((i) => free.map((l) => hessian[i]![l]!)),
      right,
    )
    free.forEach((i, f) => {
      m[i] = solution[f]!
    })
    const gradient = hessian.map((row, i) => constant[i]!.plus(sumOf(row.map((h, l) => h.times(m[l]!)))))
    const isOptimal = state.every((s, i) => {
      if (s === 0) return gradient[i]!.compare(ZERO) >= 0n
      if (s === 1) return gradient[i]!.compare(ZERO) <= 0n
      return m[i]!.compare(lower[i]!) >= 0n && m[i]!.compare(upper[i]!) <= 0n
    })
    if (isOptimal) return m
  }
  throw new Error('no combination meets the conditions: the oracle is wrong')
}

/** Gaussian elimination of a positive definite system: no pivoting is needed where nothing is rounded. */
function solve(matrix: Rational[][], right: Rational[]): Rational[] {
  const a = matrix.map((row, i) => [...row, right[i]!])
  const n = a.length
  for (let p = 0; p < n; p++) {
    for (let i = 0; i < n; i++) {
      if (i === p) continue
      const factor = a[i]![p]!.over(a[p]![p]!)
      for (let l = p; l <= n; l++) a[i]![l] = a[i]![l]!.minus(factor.times(a[p]![l]!))
    }
  }
  return a.map((row, i) => row[n]!.over(row[i]!))
}

/** Half a unit in the last place of x, exactly. */
export function halfUlp(x: number): Rational {
  const exponent = Math.floor(Math.log2(Math.abs(x)))
  return Rational.of(2 ** (exponent - 52)).over(TWO)
}
