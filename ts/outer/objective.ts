// Answers the solver's questions by calling the user's objective.
import { InputError } from '../errors.js'
import { OuterQuestion } from '../native/binding.cjs'
import { type Evaluate, isPromise } from '../objective/evaluation.js'
import { givenNumbers } from '../objective/numbers.js'
import { type Reply, ReplyWriter } from '../objective/reply.js'
import { checkedNumber, isObject, wrongType } from '../validate.js'
import type {
  FixedPointEvaluation,
  HessianOperator,
  HessianSource,
  InnerLimit,
  InnerSolve,
  OuterEvaluation,
  OuterObjective,
  OuterSolver,
  SeedOutcome,
} from './objective-types.js'

/** In the order of the native side. */
export const SOLVERS: readonly OuterSolver[] = ['arc', 'bfgs', 'efs', 'hybridEfs', 'frontierEfs']
export const HESSIAN_SOURCES: readonly HessianSource[] = [
  'analytic',
  'bfgsApprox',
  'efsFixedPoint',
  'hybridEfsFixedPoint',
]
const SEED_OUTCOMES: readonly SeedOutcome[] = ['installed', 'noSlot', 'incompatible']

/** Applies `write` to a value, or to what its promise resolves to. */
function then(value: unknown, write: (value: unknown) => Reply): Reply | PromiseLike<Reply> {
  return isPromise(value) ? Promise.resolve(value).then(write) : write(value)
}

/** The questions about one objective. */
export class ObjectiveAnswers {
  readonly #objective: OuterObjective
  readonly #reply = new ReplyWriter()
  readonly #operators = new Map<number, HessianOperator>()
  #numOperators = 0
  /** One object for all evaluations: only its number changes. */
  readonly #limit = { maxInnerIterations: 0 }

  constructor(objective: OuterObjective) {
    this.#objective = objective
  }

  readonly answer: Evaluate = (question, theta, second, third) => {
    const objective = this.#objective
    switch (question) {
      case OuterQuestion.Value:
        return then(objective.evaluate(theta, 'value', this.#limited(second, third)), this.#evaluation)
      case OuterQuestion.Gradient:
        return then(
          objective.evaluate(theta, 'valueAndGradient', this.#limited(second, third)),
          this.#evaluation,
        )
      case OuterQuestion.Hessian:
        return then(
          objective.evaluate(theta, 'valueGradientHessian', this.#limited(second, third)),
          this.#evaluation,
        )
      case OuterQuestion.FixedPoint:
        return then(objective.fixedPoint?.(theta, this.#limited(second, third)), this.#fixedPoint)
      case OuterQuestion.ScreeningProxy:
        return then(objective.screeningProxy?.(theta, this.#limited(second, third)), (value) =>
          this.#number(checkedNumber('screeningProxy()', value)),
        )
      case OuterQuestion.Reset:
        return then(objective.reset?.(), () => this.#number(undefined))
      case OuterQuestion.SeedInnerState:
        return then(objective.seedInnerState?.(theta), (outcome) => this.#number(seedOutcome(outcome)))
      case OuterQuestion.HomotopyEntry:
        return then(objective.homotopyEntry?.(theta), (arrived) => this.#number(arrived === true ? 1 : 0))
      case OuterQuestion.AcceptSeed:
        return then(objective.acceptSeed?.(theta), (value) =>
          this.#number(
            value === null || value === undefined ? undefined : checkedNumber('acceptSeed()', value),
          ),
        )
      case OuterQuestion.Finalize: {
        const plan = { solver: SOLVERS[second[0]!]!, hessianSource: HESSIAN_SOURCES[second[1]!]! }
        return then(objective.finalize?.(theta, plan), () => this.#number(undefined))
      }
      default:
        return this.#products(theta, third[0]!)
    }
  }

  /** The limit of this evaluation; on the way, operators that the solver no longer needs are let go of. */
  #limited(released: Float64Array | undefined, limit: Float64Array): InnerLimit {
    if (released !== undefined) for (const number of released) this.#operators.delete(number)
    this.#limit.maxInnerIterations = limit[0]!
    return this.#limit
  }

  /** A number, without a word on the inner solve. */
  #number(value: number | undefined): Reply {
    return this.#reply.begin().number(value).vector(undefined).end()
  }

  readonly #evaluation = (given: unknown): Reply => {
    if (typeof given === 'number') {
      const reply = this.#reply.begin().number(given).vector(undefined).vector(undefined)
      return reply.vector(undefined).vector(undefined).vector(undefined).end()
    }
    if (!isObject(given)) throw wrongType('evaluate()', 'a number or a record with a value', given)
    const { value, gradient, hessian, innerState, innerSolve } = given as unknown as OuterEvaluation
    const reply = this.#reply.begin().number(checkedNumber('evaluate().value', value))
    reply.vector(numbers('evaluate().gradient', gradient))
    this.#hessian(hessian)
    reply.vector(numbers('evaluate().innerState', innerState))
    return reply.vector(solve(innerSolve)).end()
  }

  readonly #fixedPoint = (given: unknown): Reply => {
    if (!isObject(given)) throw wrongType('fixedPoint()', 'a record with a value and steps', given)
    const record = given as unknown as FixedPointEvaluation
    const vector = (name: keyof FixedPointEvaluation) => numbers(`fixedPoint().${name}`, record[name])
    const number = (name: keyof FixedPointEvaluation) =>
      record[name] === undefined ? undefined : checkedNumber(`fixedPoint().${name}`, record[name])
    return this.#reply
      .begin()
      .number(checkedNumber('fixedPoint().value', record.value))
      .vector(vector('steps'))
      .vector(vector('innerState'))
      .vector(vector('psiGradient'))
      .vector(vector('psiIndices'))
      .number(number('innerHessianScale'))
      .number(number('logDeterminantGap'))
      .vector(vector('barrierSlacks'))
      .vector(solve(record.innerSolve))
      .end()
  }

  /** Two fields: the dense matrix by rows, or dimension and number of an operator. */
  #hessian(given: OuterEvaluation['hessian']): void {
    const path = 'evaluate().hessian'
    if (given !== undefined && isOperator(given)) {
      this.#numOperators += 1
      this.#operators.set(this.#numOperators, given)
      const dimension = checkedNumber(`${path}.dimension`, given.dimension)
      this.#reply.vector(undefined).vector([dimension, this.#numOperators])
    } else {
      this.#reply.vector(given === undefined ? undefined : matrix(path, given)).vector(undefined)
    }
  }

  #products(columns: Float64Array, number: number): Reply | PromiseLike<Reply> {
    const operator = this.#operators.get(number)!
    const n = operator.dimension
    const vectors = Array.from({ length: columns.length / n }, (_, j) => columns.slice(j * n, (j + 1) * n))
    const path = 'evaluate().hessian.products()'
    const written = (products: unknown): Reply => {
      if (!Array.isArray(products)) throw wrongType(path, 'an array of arrays', products)
      const all = products.flatMap((product, j) => Array.from(numbers(`${path}[${j}]`, product) ?? []))
      return this.#reply.begin().vector(all).end()
    }
    if (operator.products !== undefined && vectors.length > 1)
      return then(operator.products(vectors), written)
    const products = vectors.map((v) => operator.product(v))
    return products.some(isPromise) ? Promise.all(products).then(written) : written(products)
  }
}

function isOperator(hessian: object): hessian is HessianOperator {
  return typeof (hessian as Partial<HessianOperator>).product === 'function'
}

/** A matrix by rows, given so or as rows. What does not fit is refused by the solver, which knows n. */
function matrix(path: string, given: unknown): ArrayLike<number> | undefined {
  if (!Array.isArray(given) || typeof given[0] === 'number') return numbers(path, given)
  return given.flatMap((row, i) => Array.from(numbers(`${path}[${i}]`, row) ?? []))
}

/** Numbers as they are, or none: their count is the solver's to judge as well. */
function numbers(path: string, value: unknown): ArrayLike<number> | undefined {
  return value === undefined ? undefined : givenNumbers(path, value)
}

function solve(given: InnerSolve | undefined): number[] | undefined {
  if (given === undefined) return undefined
  const { iterations, converged, residual = Number.NaN, gainRatio = Number.NaN } = given
  return [checkedNumber('innerSolve.iterations', iterations), converged ? 1 : 0, residual, gainRatio]
}

function seedOutcome(outcome: unknown): number {
  const index = SEED_OUTCOMES.indexOf(outcome as SeedOutcome)
  if (index >= 0) return index
  throw new InputError('wrong_type', {
    path: 'seedInnerState()',
    expected: `one of ${SEED_OUTCOMES.join(', ')}`,
    received: String(outcome),
  })
}
