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
  /**
   * Number of areas that the population is divided into.
   * @default 0
   */
  readonly areas?: number
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

/** An area of the generated population. */
export interface NationalArea {
  /** `A001`, `A002`, … */
  key: string
  /** Its share of the population; those of all areas add up to 1. */
  share: number
  /** Its total for each target (k); those of all areas add up to the national ones, but for rounding. */
  totals: number[]
}

/** A generated population: the same on every machine. */
export interface NationalPopulation {
  /** Columns of n numbers by name: `weight`, `agi`, `filing_status`, `filer`, and nine amounts. */
  columns: Record<string, Float64Array>
  targets: NationalTarget[]
  areas: NationalArea[]
  /** What predicates and values evaluate to (n × k). */
  matrix: Extract<SparseInput, { format: 'csc' }>
}

/** Generates a population of the shape of a national tax model, with targets that reweighting has to work for. */
export function generateNational(options: NationalOptions): NationalPopulation {
  checkNames('options', options, ['records', 'targets', 'seed', 'areas'])
  const records = checkedCount('records', options.records)
  const targets = options.targets === undefined ? null : checkedCount('targets', options.targets)
  const seed = checkedCount('seed', options.seed, Number.MAX_SAFE_INTEGER)
  const areas = options.areas === undefined ? 0 : checkedCount('areas', options.areas)
  return callNative(() => nativeGenerate(records, targets, seed, areas)) as NationalPopulation
}
