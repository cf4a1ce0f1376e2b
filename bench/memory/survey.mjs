// A survey of any size that is never in memory: its records are made as they are asked for, the same ones every time.

/** Values are whole numbers from 1 to this. */
const largestValue = 1000

/**
 * k targets on columns of random values, of which a record has `density` · k. The totals lie up to 4 % beside what the design
 * weights give on average, so that the weights of all records have to move.
 */
export function surveyTargets({ records, targets, density }) {
  const mean = records * meanWeight * density * ((1 + largestValue) / 2)
  return Array.from({ length: targets }, (_, j) => ({
    name: `x${j}`,
    total: Math.round(mean * (1 + 0.04 * Math.cos(j))),
  }))
}

const meanWeight = 1.5

/** The records in chunks, as `ReweightProblem.fromChunks` takes them: compressed rows. */
export function* surveyChunks({ records, targets, density }, chunkRecords = 1 << 14) {
  const random = randomNumbers(1)
  const threshold = density * 2 ** 32
  for (let start = 0; start < records; start += chunkRecords) {
    const size = Math.min(chunkRecords, records - start)
    const designWeights = Float64Array.from({ length: size }, () => 1 + random() / 2 ** 32)
    const rowStarts = new Uint32Array(size + 1)
    const columnIndices = new Uint32Array(size * targets)
    const values = new Float64Array(size * targets)
    let length = 0
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < targets; j++) {
        if (density < 1 && random() >= threshold) continue
        columnIndices[length] = j
        values[length++] = 1 + (random() % largestValue)
      }
      rowStarts[i + 1] = length
    }
    const entries = { columnIndices: columnIndices.subarray(0, length), values: values.subarray(0, length) }
    yield { designWeights, matrix: { format: 'csr', rowStarts, ...entries } }
  }
}

/** Whole numbers from 0 to 2³² − 1: xorshift32 (G. Marsaglia, J. Stat. Softw. 8 (2003) 14), all that a load needs. */
function randomNumbers(seed) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
