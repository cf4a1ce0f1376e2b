import { generateNational as nativeGenerate } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { checkedCount, checkNames } from '../validate.js'
import type { SparseInput } from './types.js'

/** What to generate. */
export interface NationalOptions {
  /** Number of records, ≥ 1; the national problem has 225,256. */
  readonly records: number
  /**
   * Number of targets; small populations support fewer.
   * @default 634
   */
  readonly targets?: number
  /** Seed of the random numbers: a whole number from 0 to 2⁵³ − 1. */
  readonly seed: number
}

/** A target of the generated population, also as SQL over its columns. */
export interface NationalTarget {
  name: string
  /** The records that count. */
  predicate: string
  /** What they count for: `1` or a column. */
  value: string
  total: number
}

/** A generated population: the same on every machine. */
export interface NationalPopulation {
  /** Columns of n numbers by name: `weight`, `agi`, `filing_status`, `filer`, and nine amounts. */
  columns: Record<string, Float64Array>
  targets: NationalTarget[]
  /** What predicates and values evaluate to (n × k). */
  matrix: Extract<SparseInput, { format: 'csc' }>
}

/** Generates a population of the shape of a national tax model, with targets that reweighting has to work for. */
export function generateNational(options: NationalOptions): NationalPopulation {
  checkNames('options', options, ['records', 'targets', 'seed'])
  const records = checkedCount('records', options.records)
  const targets = options.targets === undefined ? null : checkedCount('targets', options.targets)
  const seed = checkedCount('seed', options.seed, Number.MAX_SAFE_INTEGER)
  return callNative(() => nativeGenerate(records, targets, seed)) as NationalPopulation
}
