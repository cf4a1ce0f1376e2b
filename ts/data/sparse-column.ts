/** One column of a sparse matrix while it grows: rows ascending, all values 1 as long as none is given. */
export class SparseColumn {
  length = 0
  rows: Uint32Array
  values: Float64Array | null

  constructor(hasValues: boolean, capacity = 64) {
    this.rows = new Uint32Array(capacity)
    this.values = hasValues ? new Float64Array(capacity) : null
  }

  /** Room for `more` further entries. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.rows.length) return
    const capacity = Math.max(needed, Math.ceil(this.rows.length * 1.5))
    const rows = new Uint32Array(capacity)
    rows.set(this.rows.subarray(0, this.length))
    this.rows = rows
    if (this.values) {
      const values = new Float64Array(capacity)
      values.set(this.values.subarray(0, this.length))
      this.values = values
    }
  }
}
