import { type RebalanceRun, runRebalance } from '../native/binding.cjs'
import { fromNative } from '../native-errors.js'
import type { RequestIdentity } from '../targets/request-types.js'
import { wrongType } from '../validate.js'
import { Buffers } from './buffers.js'

/** More runs at a time than the server was told to take. */
export class TooManyRuns extends Error {
  readonly statusCode = 503
}

/** A result, byte for byte as the engine writes it. */
export interface RunResult {
  readonly bytes: Buffer
  /** To be called when the bytes have been sent: others take their place. */
  release(): void
}

/**
 * Runs, each on a thread of the addon's pool, so that this one reads and answers other requests meanwhile. What is under way, and waits for a
 * thread, is bounded: the rest is refused before it takes memory.
 */
export class Runs {
  #underWay = 0
  readonly #most: number
  readonly #buffers = new Buffers()

  constructor(most: number) {
    this.#most = most
  }

  /** The result of the request in `body`. */
  async of(run: RebalanceRun, body: unknown, identity: RequestIdentity): Promise<RunResult> {
    if (!(body instanceof Uint8Array)) throw wrongType('body', 'an object or JSON', body)
    if (this.#underWay >= this.#most) throw new TooManyRuns()
    this.#underWay++
    const place = this.#buffers.take()
    const release = () => this.#buffers.give(place)
    try {
      const { idempotencyKey, correlationId } = identity
      const written = await runRebalance(run, body, idempotencyKey, correlationId, place)
      return { bytes: typeof written === 'number' ? place.subarray(0, written) : written, release }
    } catch (error) {
      release()
      throw fromNative(error)
    } finally {
      this.#underWay--
    }
  }
}
