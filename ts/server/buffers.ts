/** Bytes of a buffer: results of a hundred names fit. */
const SIZE = 1 << 17
/** Buffers that are kept. */
const MOST = 64

/**
 * Buffers for results, used again and again. V8 counts the bytes of every new one, and would collect its whole heap several times a
 * second, for longer than a run takes.
 */
export class Buffers {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SIZE)
  }

  /** Nobody reads it any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < MOST) this.#free.push(buffer)
  }
}
