// Answers the solver's questions by calling the user's functions.
import { SqpQuestion } from '../native/binding.cjs'
import { type Evaluate, isPromise } from '../objective/evaluation.js'
import { dimension, givenNumbers } from '../objective/numbers.js'
import { type Reply, ReplyWriter } from '../objective/reply.js'
import { checkedNumber } from '../validate.js'
import type { Block } from './constraints.js'
import type { MinimizeOptions, ScalarFunction } from './types.js'

/** The questions about one problem of n variables. */
export class FunctionAnswers {
  readonly #fun: ScalarFunction
  readonly #options: MinimizeOptions
  /** Those that are not linear. */
  readonly #blocks: readonly Block[]
  readonly #n: number
  readonly #reply = new ReplyWriter()

  constructor(fun: ScalarFunction, options: MinimizeOptions, blocks: readonly Block[], n: number) {
    this.#fun = fun
    this.#options = options
    this.#blocks = blocks.filter(({ fun: computed }) => computed !== undefined)
    this.#n = n
  }

  readonly answer: Evaluate = (question, x, v, weights) => {
    const { gradient, hessianProduct } = this.#options
    switch (question) {
      case SqpQuestion.Objective:
        return this.#written(this.#fun(x), (value) => [checkedNumber('f(x)', value)])
      case SqpQuestion.Gradient:
        return this.#written(gradient?.(x), (value) => givenNumbers('gradient(x)', value, this.#n))
      case SqpQuestion.Constraints:
        return this.#all((block) => block.fun!(x), values)
      case SqpQuestion.Jacobian:
        return this.#all(
          (block) => block.jac!(x),
          (block, value) => matrix(block, value, this.#n),
        )
      case SqpQuestion.ObjectiveHessianProduct:
        return this.#written(hessianProduct?.(x, v), (value) =>
          givenNumbers('hessianProduct(x, v)', value, this.#n),
        )
      default:
        return this.#constraintProducts(x, v, weights)
    }
  }

  /** The number of rows of every constraint, from one call of each function. */
  countRows(x: Float64Array): void | PromiseLike<void> {
    const counted = this.#blocks.map((block) => {
      const value = block.fun!(x)
      const count = (value: unknown) => {
        block.numRows = typeof value === 'number' ? 1 : givenNumbers(`${block.path}.fun(x)`, value).length
      }
      return isPromise(value) ? Promise.resolve(value).then(count) : count(value)
    })
    if (counted.some(isPromise)) return Promise.all(counted).then(() => {})
  }

  #written(value: unknown, read: (value: unknown) => ArrayLike<number>): Reply | PromiseLike<Reply> {
    const write = (given: unknown) => this.#reply.begin().vector(read(given)).end()
    return isPromise(value) ? Promise.resolve(value).then(write) : write(value)
  }

  /** What every function gives, one after the other. */
  #all(
    call: (block: Block) => unknown,
    read: (block: Block, value: unknown) => ArrayLike<number>,
  ): Reply | PromiseLike<Reply> {
    const given = this.#blocks.map(call)
    const write = (all: readonly unknown[]) =>
      this.#reply
        .begin()
        .vector(all.flatMap((value, k) => Array.from(read(this.#blocks[k]!, value))))
        .end()
    return given.some(isPromise) ? Promise.all(given).then(write) : write(given)
  }

  #constraintProducts(x: Float64Array, v: Float64Array, weights: Float64Array): Reply | PromiseLike<Reply> {
    let next = 0
    const given = this.#blocks.map((block) => {
      const own = weights.slice(next, next + block.numRows)
      next += block.numRows
      return block.hessp!(x, v, own)
    })
    // One field for each constraint; the native side adds them up.
    const write = (all: readonly unknown[]) => {
      this.#reply.begin()
      for (const [k, value] of all.entries()) {
        this.#reply.vector(givenNumbers(`${this.#blocks[k]!.path}.hessp(x, v, w)`, value, this.#n))
      }
      return this.#reply.end()
    }
    return given.some(isPromise) ? Promise.all(given).then(write) : write(given)
  }
}

/** The values of a constraint, of which there must always be as many. */
function values({ path, numRows }: Block, value: unknown): ArrayLike<number> {
  return typeof value === 'number' && numRows === 1 ? [value] : givenNumbers(`${path}.fun(x)`, value, numRows)
}

/** A Jacobian by rows, given so or as rows; of one row also as that row. */
function matrix({ path, numRows }: Block, given: unknown, n: number): ArrayLike<number> {
  const at = `${path}.jac(x)`
  if (!Array.isArray(given) || typeof given[0] === 'number') return givenNumbers(at, given, numRows * n)
  if (given.length !== numRows) throw dimension(at, numRows, given.length)
  return given.flatMap((row, i) => Array.from(givenNumbers(`${at}[${i}]`, row, n)))
}
