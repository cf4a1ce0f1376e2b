/** What goes back to a solver: a record in one piece, the reason why a point is rejected, or null to stop. */
export type Reply = Float64Array | string | null

/**
 * Writes a record as native code reads it: the number of doubles in use, then for each field its length (−1 where it is absent)
 * and its numbers. One writer serves all evaluations of a run, which never overlap.
 */
export class ReplyWriter {
  #packet = new Float64Array(256)
  #used = 1

  /** Begins a new record. */
  begin(): this {
    this.#used = 1
    return this
  }

  /** A field of one number, or an absent one. */
  number(value: number | undefined): this {
    if (value === undefined) return this.#absent()
    this.#reserve(1)
    this.#packet[this.#used++] = 1
    this.#packet[this.#used++] = value
    return this
  }

  /** A field of some numbers, or an absent one. */
  vector(values: ArrayLike<number> | undefined): this {
    if (values === undefined) return this.#absent()
    this.#reserve(values.length)
    this.#packet[this.#used++] = values.length
    this.#packet.set(values, this.#used)
    this.#used += values.length
    return this
  }

  end(): Float64Array {
    this.#packet[0] = this.#used
    return this.#packet
  }

  #absent(): this {
    this.#reserve(0)
    this.#packet[this.#used++] = -1
    return this
  }

  #reserve(length: number): void {
    const needed = this.#used + 1 + length
    if (needed <= this.#packet.length) return
    const larger = new Float64Array(2 * needed)
    larger.set(this.#packet)
    this.#packet = larger
  }
}
