import { generateNational, type ReweightData } from '../../ts/index.js'

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
