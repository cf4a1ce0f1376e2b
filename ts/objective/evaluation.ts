// The evaluations of one run: the user's functions are called here, and nothing that they throw gets past.
import { InputError, RejectedPoint } from '../errors.js'
import type { Notices } from '../native/binding.cjs'
import type { Reply } from './reply.js'

/** Answers one kind of question about up to three vectors; a vector that is not part of the question is undefined. */
export type Evaluate = (
  kind: number,
  first: Float64Array,
  second: Float64Array,
  third: Float64Array,
) => Reply | PromiseLike<Reply>

/** Whom a run tells about its course. */
export interface Listeners {
  readonly onIteration?: ((record: never) => void) | undefined
  readonly onEvent?: ((event: never) => void) | undefined
}

/** How a run ended: with what the solver returned and, if something was thrown that ended it, with that value. */
export interface Ended<T> {
  readonly outcome: T
  readonly thrown: { readonly value: unknown } | undefined
}

/** True for a promise, or whatever else can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}

/** What the native side calls. It never throws: what the user's functions throw is kept, and the solver told to stop. */
export class Evaluations {
  /** What ended the run, whatever it is: a value of its own kind, frozen, a primitive, undefined. */
  thrown: { readonly value: unknown } | undefined
  readonly #evaluate: Evaluate
  readonly #listeners: Listeners
  readonly #notices: Notices
  readonly #synchronous: boolean
  #abandoned = false

  constructor(evaluate: Evaluate, listeners: Listeners, notices: Notices, synchronous: boolean) {
    this.#evaluate = evaluate
    this.#listeners = listeners
    this.#notices = notices
    this.#synchronous = synchronous
  }

  readonly dispatch = (
    kind: number,
    first: Float64Array,
    second: Float64Array,
    third: Float64Array,
  ): Reply | PromiseLike<Reply> => {
    try {
      this.tell()
      if (this.thrown !== undefined) return null
      const reply = this.#evaluate(kind, first, second, third)
      if (!isPromise(reply)) return reply
      const settled = Promise.resolve(reply).then((answer) => answer, this.#failed)
      return this.#synchronous ? this.#failed(promiseError()) : settled
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** Passes on what the solver has told since the last evaluation. */
  tell(): void {
    const { onIteration, onEvent } = this.#listeners
    if (onIteration === undefined && onEvent === undefined) return
    for (const notice of this.#notices.take()) {
      if (this.thrown !== undefined) return
      try {
        if ('iteration' in notice) onIteration?.(notice.iteration as never)
        else onEvent?.(notice.event as never)
      } catch (error) {
        this.keep(error)
      }
    }
  }

  /** Keeps the first thing that was thrown. */
  keep(value: unknown): void {
    this.thrown ??= { value }
  }

  /** The run does not wait for the promise that it awaits: what becomes of it no longer matters. */
  abandon(): void {
    this.#abandoned = true
  }

  readonly #failed = (error: unknown): string | null => {
    if (this.#abandoned) return null
    const rejection = RejectedPoint.read(error)
    if (rejection !== undefined) return rejection
    this.keep(error)
    return null
  }
}

function promiseError(): InputError {
  return new InputError('wrong_type', {
    path: 'objective',
    expected: 'functions that return at once (the asynchronous call takes promises)',
    received: 'a promise',
  })
}
