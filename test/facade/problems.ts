import { generateNational, type ReweightData, type SparseInput } from '../../ts/index.js'

/** Four households: how many there are, and how many children they have. */
export const households: ReweightData = {
  matrix: {
    format: 'columns',
    columns: [
      [1, 1, 1, 1],
      [0, 2, 1, 0],
    ],
  },
  designWeights: [100, 120, 80, 100],
  targets: [
    { name: 'households', total: 420 },
    { name: 'children', total: 400 },
  ],
}

/** A generated population as a problem. */
export function national(records: number, targets: number, seed = 1): ReweightData {
  const population = generateNational({ records, targets, seed })
  return {
    matrix: population.matrix,
    designWeights: population.columns.weight!,
    targets: population.targets,
  }
}

/** The same population with totals that multipliers from 0.8 to 1.2 give: every form can meet them. */
export function reachable(records: number, targets: number, seed = 1): ReweightData {
  const { matrix, designWeights, targets: rows } = national(records, targets, seed)
  const { columnStarts, rowIndices, values } = matrix as Extract<SparseInput, { format: 'csc' }>
  const reached = rows.map((row, j) => {
    let total = 0
    for (let entry = columnStarts[j]!; entry < columnStarts[j + 1]!; entry++) {
      const i = rowIndices[entry]!
      total += values[entry]! * designWeights[i]! * (1 + 0.2 * Math.sin(i))
    }
    return { ...row, total }
  })
  return { matrix, designWeights, targets: reached }
}
