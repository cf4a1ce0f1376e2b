import { type Command, Option } from 'commander'
import { InputError } from '../errors.js'
import { type Comparison, compareWeights } from '../index.js'
import { parseNumber } from './arguments.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import { significant, Terminal, textTable } from './terminal.js'
import { inOrderOf, readWeightTable, type WeightTable } from './weights-file.js'

interface CompareOptions {
  rtol?: number
  atol?: number
  column: string
  id?: string
  byOrder?: boolean
  json?: boolean
  quiet?: boolean
}

export function addCompare(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('compare')
    .description(
      'The gold-star test: are the weights of two files close, |a - b| <= atol + rtol |b|? b is the reference',
    )
    .argument('<a>', 'weights: CSV, Parquet or JSON')
    .argument('<b>', 'the reference')
  const options = [
    new Option('--rtol <number>', 'relative tolerance (default: 1e-5)').argParser(parseNumber),
    new Option('--atol <number>', 'absolute tolerance (default: 1e-8)').argParser(parseNumber),
    new Option('--column <name>', 'the column to compare').default('weight'),
    new Option(
      '--id <column>',
      'join the files by this column (default: the first column of both, if it has the same name)',
    ),
    new Option('--by-order', 'take the records in the order of the files instead'),
    new Option('--json', 'print the comparison as JSON to standard output, and nothing else there'),
    new Option('--quiet', 'print nothing but errors: the exit code tells'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Example:
  $ equipoise compare weights.csv gold.csv --rtol 1e-5 --atol 1e-8`,
  )
  command.action(async (a: string, b: string, given: CompareOptions) => done(await runCompare(a, b, given)))
}

async function runCompare(a: string, b: string, options: CompareOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const id = options.byOrder ? null : options.id
  const [ours, reference] = await Promise.all([
    readWeightTable(a, { path: '<a>', id, columns: [options.column] }),
    readWeightTable(b, { path: '<b>', id, columns: [options.column] }),
  ])
  const comparison = compareTables(ours, reference, options)
  terminal.json(`${JSON.stringify(comparison, null, 2)}\n`)
  terminal.print(comparisonText(comparison))
  return comparison.allclose ? exitCode.success : exitCode.different
}

function compareTables(
  ours: WeightTable,
  reference: WeightTable,
  { rtol, atol }: CompareOptions,
): Comparison {
  const values = ours.numbers[0]!
  const tolerances = { ...(rtol === undefined ? {} : { rtol }), ...(atol === undefined ? {} : { atol }) }
  const isJoined = ours.ids !== null && reference.ids !== null && ours.idColumn === reference.idColumn
  if (!isJoined) {
    if (values.length !== reference.numbers[0]!.length) {
      const received = `${reference.numbers[0]!.length} in ${reference.file}`
      throw new InputError('dimension', { path: '<b>', expected: `${values.length} records`, received })
    }
    return compareWeights(values, reference.numbers[0]!, tolerances)
  }
  const joined = inOrderOf(ours.ids!, reference, reference.numbers[0]!, '<b>')
  return compareWeights(values, joined, { ...tolerances, names: ours.ids! })
}

function comparisonText(comparison: Comparison): string {
  if (comparison.worst.length === 0) return comparison.sentence
  const rows = comparison.worst.map(({ record, name, ours, reference, absoluteDifference, allowed }) => [
    name ?? String(record),
    ...[ours, reference, absoluteDifference, allowed].map((value) => significant(value, 9)),
  ])
  return `${comparison.sentence}\n\n${textTable(['record', 'a', 'b', 'difference', 'allowed'], rows)}`
}
