import { basename } from 'node:path'
import type { Records } from '../data/records.js'
import { type Comparison, compareWeights } from '../index.js'
import type { Solved } from './solve.js'
import { inOrderOf, readWeightTable, type WeightTable } from './weights-file.js'

/** Published weights in the order of a run's records. */
export interface GoldStar {
  /** Base name of the file. */
  file: string
  weights: Float64Array
}

/** Published weights: column `weight`, and the ids if the run has an id column. */
export function readGoldStar(file: string, id: string | undefined): Promise<WeightTable> {
  return readWeightTable(file, { path: '--gold-star', id: id ?? null, columns: ['weight'] })
}

export const matchGoldStar = (table: WeightTable, { ids }: Records): GoldStar => ({
  file: basename(table.file),
  weights: inOrderOf(ids, table, table.numbers[0]!, '--gold-star'),
})

export function compareWithGoldStar(records: Records, solved: Solved, gold: GoldStar): Comparison {
  // A weight is off by at most its design weight times what its multiplier is off by.
  const { distanceBound } = solved.certificate
  const bounds = records.designWeights.map((weight) => weight * distanceBound)
  return compareWeights(solved.weights, gold.weights, { names: records.ids, distanceBound: bounds })
}
