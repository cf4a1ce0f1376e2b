/** Counts for the plots: 225,256 records become some sixty bars, so that the page stays small. */

export interface Histogram {
  /** Whether the edges are evenly spaced in the logarithm. */
  isLogarithmic: boolean
  /** bins + 1 ascending edges; a value on an inner edge belongs to the bin above it. */
  edges: number[]
  counts: number[]
  /** Values that are not finite numbers and stand in no bin. */
  numLeftOut: number
}

export interface Extent {
  minimum: number
  maximum: number
}

/** Extent of the finite values; undefined if there are none. */
export function extentOf(...arrays: readonly ArrayLike<number>[]): Extent | undefined {
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number
      if (!Number.isFinite(value)) continue
      if (value < minimum) minimum = value
      if (value > maximum) maximum = value
    }
  }
  return minimum <= maximum ? { minimum, maximum } : undefined
}

/** A logarithmic scale if every value is positive: ratios (multipliers, weights) are symmetric there. */
export function binEdges(extent: Extent, bins: number): { isLogarithmic: boolean; edges: number[] } {
  const isLogarithmic = extent.minimum > 0
  const [minimum, maximum] = widen(extent, isLogarithmic)
  const at = (k: number) =>
    isLogarithmic ? minimum * (maximum / minimum) ** (k / bins) : minimum + (maximum - minimum) * (k / bins)
  const edges = Array.from({ length: bins + 1 }, (_, k) => at(k))
  edges[0] = minimum
  edges[bins] = maximum
  return { isLogarithmic, edges }
}

export function histogram(
  values: ArrayLike<number>,
  scale: { isLogarithmic: boolean; edges: number[] },
): Histogram {
  const { isLogarithmic, edges } = scale
  const counts = new Array<number>(edges.length - 1).fill(0)
  let numLeftOut = 0
  for (let i = 0; i < values.length; i++) {
    const bin = binOf(values[i] as number, edges)
    if (bin === undefined) numLeftOut++
    else counts[bin] = (counts[bin] as number) + 1
  }
  return { isLogarithmic, edges, counts, numLeftOut }
}

/** Bisection on the edges themselves: a value on an edge is never misplaced by a rounded logarithm. */
function binOf(value: number, edges: number[]): number | undefined {
  const last = edges.length - 1
  if (!(value >= (edges[0] as number) && value <= (edges[last] as number))) return undefined
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (value >= (edges[middle] as number)) low = middle
    else high = middle
  }
  return low
}

/** A single value gets a bin range around it. */
function widen({ minimum, maximum }: Extent, isLogarithmic: boolean): [number, number] {
  if (minimum < maximum) return [minimum, maximum]
  if (isLogarithmic) return [minimum / 2, maximum * 2]
  const half = Math.abs(minimum) / 2 || 1
  return [minimum - half, maximum + half]
}
