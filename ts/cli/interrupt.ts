import { exitCode } from './exit-codes.js'

/**
 * Ctrl-C: the first one ends the solve with its best point, as `signal` says; a second one, or one while nothing is
 * being solved, stops the program after `discard`.
 */
export class Interrupt {
  readonly #controller = new AbortController()
  readonly #discard: () => void
  readonly #note: (text: string) => void
  #isSolving = false

  constructor({ discard, note }: { discard: () => void; note: (text: string) => void }) {
    this.#discard = discard
    this.#note = note
    process.on('SIGINT', this.#onSignal)
    process.on('SIGTERM', this.#onSignal)
  }

  /** Runs a solve that `signal` can end. */
  async solving<T>(solve: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#isSolving = true
    try {
      return await solve(this.#controller.signal)
    } finally {
      this.#isSolving = false
    }
  }

  release(): void {
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }

  #onSignal = (): void => {
    if (this.#isSolving && !this.#controller.signal.aborted) {
      this.#note('stopping: the best weights so far are written; Ctrl-C again stops at once')
      this.#controller.abort()
      return
    }
    this.#discard()
    process.exit(exitCode.interrupted)
  }
}
