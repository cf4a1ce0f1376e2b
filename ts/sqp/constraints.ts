// Constraints in the forms that SciPy has, as rows lower ≤ c(x) ≤ upper.
import { InputError } from '../errors.js'
import type { NativeLinearBlock } from '../native/binding.cjs'
import { dimension } from '../objective/numbers.js'
import {
  checkedFunction,
  checkedNumber,
  checkedNumbers,
  checkNames,
  isObject,
  notFinite,
  wrongType,
} from '../validate.js'
import type { Bounds, Constraint, ConstraintFunction, MatrixFunction, RowBounds } from './types.js'

/** `lb ≤ fun(x) ≤ ub`, as `scipy.optimize.NonlinearConstraint`. */
export class NonlinearConstraint {
  constructor(
    readonly fun: ConstraintFunction['fun'],
    readonly lb: RowBounds,
    readonly ub: RowBounds,
    { jac, hessp, name }: Pick<ConstraintFunction, 'jac' | 'hessp' | 'name'> = {},
  ) {
    if (jac !== undefined) this.jac = jac
    if (hessp !== undefined) this.hessp = hessp
    if (name !== undefined) this.name = name
  }
  declare readonly jac?: MatrixFunction
  declare readonly hessp?: NonNullable<ConstraintFunction['hessp']>
  declare readonly name?: string
}

/** `lb ≤ Ax ≤ ub`, as `scipy.optimize.LinearConstraint`. */
export class LinearConstraint {
  constructor(
    readonly A: readonly ArrayLike<number>[] | ArrayLike<number>,
    readonly lb: RowBounds = Number.NEGATIVE_INFINITY,
    readonly ub: RowBounds = Number.POSITIVE_INFINITY,
    name?: string,
  ) {
    if (name !== undefined) this.name = name
  }
  declare readonly name?: string
}

/** A constraint, checked: of how many rows is known of a matrix, and of a function once it was called. */
export interface Block {
  readonly path: string
  readonly name: string
  readonly lb: RowBounds
  readonly ub: RowBounds
  /** By rows; for a linear constraint. */
  readonly matrix?: Float64Array
  readonly fun?: ConstraintFunction['fun']
  readonly jac?: MatrixFunction | undefined
  readonly hessp?: ConstraintFunction['hessp'] | undefined
  /** m */
  numRows: number
}

/** Checks the kinds of all constraints. */
export function blocksOf(constraints: Constraint | readonly Constraint[] | undefined, n: number): Block[] {
  if (constraints === undefined) return []
  if (!Array.isArray(constraints)) return [block('constraints', constraints, 0, n)]
  return constraints.map((constraint, k) => block(`constraints[${k}]`, constraint, k, n))
}

function block(path: string, given: unknown, k: number, n: number): Block {
  if (!isObject(given)) throw wrongType(path, 'a constraint', given)
  const name = given.name === undefined ? `constraint ${k + 1}` : String(given.name)
  if ('A' in given) {
    checkNames(path, given, ['A', 'lb', 'ub', 'name'])
    const { rows, numRows } = matrixOf(`${path}.A`, given.A, n)
    return { path, name, ...sides(path, given), matrix: rows, numRows }
  }
  const fun = checkedFunction(`${path}.fun`, given.fun as ConstraintFunction['fun'])
  const functions = {
    jac: optionalFunction<MatrixFunction>(path, given, 'jac'),
    hessp: optionalFunction<NonNullable<ConstraintFunction['hessp']>>(path, given, 'hessp'),
  }
  if ('type' in given) {
    checkNames(path, given, ['type', 'fun', 'jac', 'hessp', 'name'])
    if (given.type !== 'eq' && given.type !== 'ineq')
      throw wrongType(`${path}.type`, "'eq' or 'ineq'", given.type)
    const ub = given.type === 'eq' ? 0 : Number.POSITIVE_INFINITY
    return { path, name, lb: 0, ub, fun, ...functions, numRows: 0 }
  }
  checkNames(path, given, ['fun', 'lb', 'ub', 'jac', 'hessp', 'name'])
  return { path, name, ...sides(path, given), fun, ...functions, numRows: 0 }
}

function optionalFunction<T>(path: string, given: Record<string, unknown>, name: string): T | undefined {
  return given[name] === undefined ? undefined : checkedFunction(`${path}.${name}`, given[name] as T)
}

function sides(path: string, given: Record<string, unknown>): { lb: RowBounds; ub: RowBounds } {
  const side = (name: 'lb' | 'ub', none: number): RowBounds => {
    const value = given[name]
    if (value === undefined) return none
    return typeof value === 'number' ? value : checkedNumbers(`${path}.${name}`, value)
  }
  return { lb: side('lb', Number.NEGATIVE_INFINITY), ub: side('ub', Number.POSITIVE_INFINITY) }
}

/** A matrix of rows of n, or one row. */
function matrixOf(path: string, given: unknown, n: number): { rows: Float64Array; numRows: number } {
  const isMatrix = Array.isArray(given) && typeof given[0] === 'object'
  const rows = (isMatrix ? (given as unknown[]) : [given]).map((row, i) => {
    const at = isMatrix ? `${path}[${i}]` : path
    const numbers = checkedNumbers(at, row)
    if (numbers.length !== n) throw dimension(at, n, numbers.length)
    const j = numbers.findIndex((entry) => !Number.isFinite(entry))
    if (j >= 0) throw notFinite(`${at}[${j}]`, numbers[j]!)
    return numbers
  })
  const all = new Float64Array(rows.length * n)
  for (const [i, row] of rows.entries()) all.set(row, i * n)
  return { rows: all, numRows: rows.length }
}

/** One number for each of `count`. */
function broadcast(path: string, side: RowBounds, count: number): Float64Array {
  if (typeof side === 'number') return new Float64Array(count).fill(side)
  const numbers = checkedNumbers(path, side)
  if (numbers.length !== count) throw dimension(path, count, numbers.length)
  return numbers
}

/** Bounds of the variables: both sides, or null where there are none. */
export function boundsOf(
  bounds: Bounds | undefined,
  n: number,
): [lower: Float64Array, upper: Float64Array] | null {
  if (bounds === undefined) return null
  if (!Array.isArray(bounds)) {
    checkNames('bounds', bounds, ['lb', 'ub'])
    const { lb, ub } = bounds as { lb: RowBounds; ub: RowBounds }
    return [broadcast('bounds.lb', lb, n), broadcast('bounds.ub', ub, n)]
  }
  if (bounds.length !== n) throw dimension('bounds', n, bounds.length)
  const side = (k: 0 | 1, none: number) =>
    Float64Array.from(bounds, (pair: unknown, j) => {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw wrongType(`bounds[${j}]`, 'a pair [lower, upper]', pair)
      return pair[k] === null ? none : checkedNumber(`bounds[${j}][${k}]`, pair[k])
    })
  return [side(0, Number.NEGATIVE_INFINITY), side(1, Number.POSITIVE_INFINITY)]
}

/** All rows of all constraints, for the native side. */
export function rowsOf(blocks: readonly Block[]) {
  const bounds = (side: 'lb' | 'ub') =>
    blocks.flatMap((block) => Array.from(broadcast(`${block.path}.${side}`, block[side], block.numRows)))
  const names = blocks.flatMap(({ name, numRows }) =>
    Array.from({ length: numRows }, (_, i) => (numRows === 1 ? name : `${name}[${i}]`)),
  )
  const linear: NativeLinearBlock[] = []
  let firstRow = 0
  for (const { matrix, numRows } of blocks) {
    if (matrix !== undefined) linear.push({ firstRow, numRows, matrix })
    firstRow += numRows
  }
  return {
    rowLower: Float64Array.from(bounds('lb')),
    rowUpper: Float64Array.from(bounds('ub')),
    rowNames: names,
    linear,
  }
}

/** Rewrites the place of a fault among all rows as the place in the caller's constraints. */
export function relocate(error: unknown, blocks: readonly Block[]): unknown {
  if (!(error instanceof InputError)) return error
  const match = /^(lower|upper)\[(\d+)\]$/.exec(error.path)
  if (match === null) return error
  let row = Number(match[2])
  for (const block of blocks) {
    if (row < block.numRows) {
      const side = match[1] === 'lower' ? 'lb' : 'ub'
      const path = typeof block[side] === 'number' ? `${block.path}.${side}` : `${block.path}.${side}[${row}]`
      return new InputError(error.code, { path, expected: error.expected, received: error.received })
    }
    row -= block.numRows
  }
  return error
}
