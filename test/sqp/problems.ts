import type { Constraint, MinimizeSyncOptions } from '../../ts/index.js'

/** Hock and Schittkowski 71: published minimum 17.0140173 at (1, 4.743, 3.8211, 1.3794). */
export const hs71 = {
  f: (x: Float64Array) => x[0]! * x[3]! * (x[0]! + x[1]! + x[2]!) + x[2]!,
  x0: [1, 5, 5, 1],
  minimum: 17.0140173,
  gradient: (x: Float64Array) => [
    x[3]! * (2 * x[0]! + x[1]! + x[2]!),
    x[0]! * x[3]!,
    x[0]! * x[3]! + 1,
    x[0]! * (x[0]! + x[1]! + x[2]!),
  ],
  bounds: [
    [1, 5],
    [1, 5],
    [1, 5],
    [1, 5],
  ] as const,
  product: {
    name: 'product',
    type: 'ineq',
    fun: (x: Float64Array) => x[0]! * x[1]! * x[2]! * x[3]! - 25,
    jac: (x: Float64Array) => [
      x[1]! * x[2]! * x[3]!,
      x[0]! * x[2]! * x[3]!,
      x[0]! * x[1]! * x[3]!,
      x[0]! * x[1]! * x[2]!,
    ],
  } satisfies Constraint,
  sphere: {
    name: 'sphere',
    type: 'eq',
    fun: (x: Float64Array) => x.reduce((sum, v) => sum + v * v, -40),
    jac: (x: Float64Array) => x.map((v) => 2 * v),
  } satisfies Constraint,
}

export const hs71Options: MinimizeSyncOptions = {
  gradient: hs71.gradient,
  bounds: hs71.bounds,
  constraints: [hs71.product, hs71.sphere],
}
