// The best points of runs that an exception ended.

/** The best point of each run that an exception ended, by that exception. */
export class BestPoints<T extends object> {
  readonly #of = new WeakMap<object, T>()

  /** Attaches the best point to what ended a run, without touching it, and tells it to `onInterrupted`. */
  remember(thrown: unknown, best: T | null, onInterrupted: ((best: T | null) => void) | undefined): void {
    if (best !== null && isObject(thrown)) this.#of.set(thrown, best)
    onInterrupted?.(best)
  }

  /** The best point of the run that this exception ended; undefined if there is none, and for primitives. */
  get(thrown: unknown): T | undefined {
    return isObject(thrown) ? this.#of.get(thrown) : undefined
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
