import { basename } from 'node:path'
import type { FileProblem } from '../data/problem.js'
import { type Comparison, compareWeights, type ReweightResult } from '../index.js'
import { inOrderOf, readWeightTable, type WeightTable } from './weights-file.js'

export interface GoldStarResult {
  comparison: Comparison
  /** Base name of the published file. */
  file: string
}

/** Published weights: column `weight`, and the ids if the run has an id column. */
export function readGoldStar(file: string, id: string | undefined): Promise<WeightTable> {
  return readWeightTable(file, { path: '--gold-star', id: id ?? null, columns: ['weight'] })
}

export function compareWithGoldStar(
  problem: FileProblem,
  result: ReweightResult,
  gold: WeightTable,
): GoldStarResult {
  const { ids } = problem.records
  const reference = inOrderOf(ids, gold, gold.numbers[0]!, '--gold-star')
  // A weight is off by at most its design weight times what its multiplier is off by.
  const { distanceBound } = result.certificate
  const bounds = problem.records.designWeights.map((weight) => weight * distanceBound)
  const comparison = compareWeights(result.weights, reference, { names: ids, distanceBound: bounds })
  return { comparison, file: basename(gold.file) }
}
