import { type Command, Option } from 'commander'
import type { FileProblem } from '../data/problem.js'
import { targetLabel } from '../data/targets.js'
import { InputError } from '../errors.js'
import { type IntegerResult, integerDefaults, ROUNDING_METHODS, type RoundingMethod } from '../index.js'
import { parseNumber, parseSeed } from './arguments.js'
import type { FormSettings } from './form-options.js'
import { inTermsOfOptions, nativeProblem } from './native-problem.js'
import { writeText } from './outputs.js'
import { significant } from './terminal.js'
import { checkWeightsFile, csvLines, quote, writeParquet } from './weights-file.js'

/** The options that say how weights become whole numbers, as commander returns them. */
export interface IntegerWeightOptions {
  integerWeights?: string
  integerMethod?: RoundingMethod
  integerCells?: string
  maxTotalError?: number
  seed?: number
}

export function addIntegerOptions(command: Command): void {
  const defaults = integerDefaults()
  const options = [
    new Option(
      '--integer-weights <file>',
      'the weights as whole numbers: .csv or .parquet with ids and weight',
    ),
    new Option(
      '--integer-method <name>',
      `cube (random, unbiased, keeps the totals) or largest_remainder (default: ${defaults.method})`,
    ).choices(ROUNDING_METHODS),
    new Option(
      '--integer-cells <column>',
      'column of the records; the sum of the whole weights of each cell is that of its weights, rounded (default: one cell)',
    ),
    new Option(
      '--max-total-error <share>',
      `how far rounding may move the total of a target, as a share of the sum of its terms (default: ${defaults.maxTotalError})`,
    ).argParser(parseNumber),
    new Option(
      '--seed <number>',
      `of the random numbers of the rounding (default: ${defaults.seed})`,
    ).argParser(parseSeed),
  ]
  for (const option of options) command.addOption(option)
}

/** Refuses, before the work, options of a rounding that is not asked for, and a file that cannot hold it. */
export function checkIntegerOptions(options: IntegerWeightOptions, idColumn: string): void {
  const { integerWeights, integerMethod, integerCells, maxTotalError, seed } = options
  const given = Object.entries({
    '--integer-method': integerMethod,
    '--integer-cells': integerCells,
    '--max-total-error': maxTotalError,
    '--seed': seed,
  }).find(([, value]) => value !== undefined)
  if (integerWeights === undefined && given !== undefined)
    throw new InputError('conflict', { path: given[0], expected: '--integer-weights FILE', received: 'none' })
  if (maxTotalError !== undefined && maxTotalError < 0)
    throw new InputError('out_of_range', {
      path: '--max-total-error',
      expected: '0 or more',
      received: String(maxTotalError),
    })
  checkWeightsFile(integerWeights, idColumn, '--integer-weights')
}

/** The final weights of a problem as whole numbers. */
export async function integerWeights(
  problem: FileProblem,
  weights: Float64Array,
  settings: FormSettings,
  { integerMethod, maxTotalError, seed }: IntegerWeightOptions,
): Promise<IntegerResult> {
  const native = nativeProblem(problem, settings.bounds)
  try {
    return await native.integerWeights(weights, {
      ...(integerMethod === undefined ? {} : { method: integerMethod }),
      ...(problem.columns.cell === null ? {} : { cells: problem.columns.cell }),
      ...(maxTotalError === undefined ? {} : { maxTotalError }),
      ...(seed === undefined ? {} : { seed }),
    })
  } catch (error) {
    throw inTermsOfOptions(error)
  } finally {
    native.dispose()
  }
}

/** Writes `path`'s content, CSV or Parquet by its ending, under a temporary name. */
export async function writeIntegers(
  path: string,
  temporary: string,
  { records }: FileProblem,
  weights: Uint32Array,
): Promise<void> {
  const { idColumn, idType, ids } = records
  const csv = function* (): Iterable<string> {
    yield `${quote(idColumn)},weight\n`
    yield* csvLines(ids.length, (i) => `${quote(ids[i]!)},${weights[i]}`)
  }
  if (!/\.parquet$/i.test(path)) return writeText(temporary, csv())
  await writeParquet(temporary, csv(), { [idColumn]: idType, weight: 'UINTEGER' })
}

/** What rounding did, in two sentences. */
export function integerText({ targets }: FileProblem, result: IntegerResult): string {
  const { status, numRounded, sumBefore, sumAfter, numCells, largestCellError, worstTarget } = result
  const cells = numCells === 1 ? '' : `; no cell by more than ${significant(largestCellError, 3)}`
  const worst = result.targets[worstTarget]
  const moved =
    worst === undefined
      ? ''
      : ` The total that comes nearest to what is allowed, ${targetLabel(targets[worstTarget]!)}, moves by ${significant(Math.abs(worst.error), 4)} (allowed: ${significant(worst.allowed, 4)}).`
  const outside = result.targets.filter(({ within }) => !within).length
  const verdict =
    status === 'within_distance'
      ? 'every total is within the distance asked for'
      : `${outside} totals are BEYOND the distance asked for`
  return `Whole weights: ${numRounded} rounded, sum ${significant(sumBefore, 12)} → ${significant(sumAfter, 12)}${cells}; ${verdict}.${moved}`
}
