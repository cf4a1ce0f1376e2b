import { type RebalanceRun, runRebalance } from '../native/binding.cjs'
import { fromNative } from '../native-errors.js'
import type { RequestIdentity } from '../targets/request-types.js'
import { wrongType } from '../validate.js'

/** More runs at a time than the server was told to take. */
export class TooManyRuns extends Error {
  readonly statusCode = 503
}

/**
 * Runs, each on a thread of the addon's pool, so that this one reads and answers other requests meanwhile. What is under way, and waits for a
 * thread, is bounded: the rest is refused before it takes memory.
 */
export class Runs {
  #underWay = 0
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** The result of the request in `body`, byte for byte as the engine writes it. */
  async of(run: RebalanceRun, body: unknown, identity: RequestIdentity): Promise<Buffer> {
    if (!(body instanceof Uint8Array)) throw wrongType('body', 'an object or JSON', body)
    if (this.#underWay >= this.#most) throw new TooManyRuns()
    this.#underWay++
    try {
      return await runRebalance(run, body, identity.idempotencyKey, identity.correlationId)
    } catch (error) {
      throw fromNative(error)
    } finally {
      this.#underWay--
    }
  }
}
