import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { generateNational, type NationalPopulation } from '../index.js'
import { parseNumber } from './arguments.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import { createFolder, Outputs, writeText } from './outputs.js'
import { Terminal } from './terminal.js'
import { csvLines, quote, writeParquet } from './weights-file.js'

interface GenerateOptions {
  records: number
  targets: number
  seed: number
  areas: number
  format: 'csv' | 'parquet'
  out: string
  quiet?: boolean
}

export function addGenerate(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('generate')
    .description(
      'Write a synthetic population of national shape and its targets: the same files for the same seed everywhere',
    )
  const options = [
    new Option('--records <count>', 'number of records').argParser(parseNumber).default(225_256),
    new Option('--targets <count>', 'number of targets').argParser(parseNumber).default(634),
    new Option('--seed <number>', 'seed, a whole number from 0').argParser(parseNumber).default(1),
    new Option('--areas <count>', 'number of areas; with any, also areas.yaml and totals.csv')
      .argParser(parseNumber)
      .default(0),
    new Option('--format <name>', 'format of the records').choices(['csv', 'parquet']).default('csv'),
    new Option(
      '--out <folder>',
      'folder for records, targets.csv and README.md; it is made if need be',
    ).makeOptionMandatory(),
    new Option('--quiet', 'print nothing but errors'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Example:
  $ equipoise generate --records 225256 --seed 1 --format csv --out national
  $ equipoise reweight --records national/records.csv --id id --weight weight --targets national/targets.csv \\
      --out national/weights.csv --certificate national/certificate.json`,
  )
  command.action(async (given: GenerateOptions) => done(await runGenerate(given)))
}

async function runGenerate(options: GenerateOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const { format, out } = options
  const population = generateNational({
    records: options.records,
    targets: options.targets,
    seed: options.seed,
    areas: options.areas,
  })
  await createFolder('--out', out)
  const paths = {
    records: join(out, `records.${format}`),
    targets: join(out, 'targets.csv'),
    readme: join(out, 'README.md'),
  }
  const areaPaths =
    options.areas === 0 ? null : { totals: join(out, 'totals.csv'), areas: join(out, 'areas.yaml') }
  const outputs = await Outputs.prepare({ ...paths, ...areaPaths })
  try {
    await outputs.add(paths.records, (temporary) =>
      format === 'csv'
        ? writeText(temporary, recordsCsv(population))
        : writeParquet(temporary, recordsCsv(population), columnTypes(population)),
    )
    await outputs.add(paths.targets, (temporary) => writeText(temporary, targetsCsv(population)))
    await outputs.add(paths.readme, (temporary) => writeText(temporary, [readme(options, population)]))
    if (areaPaths) {
      await outputs.add(areaPaths.totals, (temporary) => writeText(temporary, totalsCsv(population)))
      await outputs.add(areaPaths.areas, (temporary) => writeText(temporary, areasYaml(population)))
    }
    await outputs.commit()
  } finally {
    outputs.discard()
  }
  const areas = options.areas === 0 ? '' : ` and ${population.areas.length} areas`
  terminal.print(
    `${options.records} records, ${population.targets.length} targets${areas}: ${Object.values({ ...paths, ...areaPaths }).join(', ')}`,
  )
  return exitCode.success
}

/** The columns of the records file: a number for each record, then what was generated. */
function recordsCsv({ columns }: NationalPopulation): Iterable<string> {
  const names = Object.keys(columns)
  const values = Object.values(columns)
  const numRecords = values[0]?.length ?? 0
  return (function* () {
    yield `${['id', ...names].join(',')}\n`
    yield* csvLines(numRecords, (i) => values.reduce((line, column) => `${line},${column[i]}`, String(i + 1)))
  })()
}

function columnTypes({ columns }: NationalPopulation): Record<string, string> {
  const areWhole = (values: ArrayLike<number>) => Array.prototype.every.call(values, Number.isInteger)
  const types = Object.entries(columns).map(([name, values]) => [
    name,
    areWhole(values) ? 'BIGINT' : 'DOUBLE',
  ])
  return { id: 'BIGINT', ...Object.fromEntries(types) }
}

function* targetsCsv({ targets }: NationalPopulation): Iterable<string> {
  yield 'name,table,predicate,value,total\n'
  yield* csvLines(targets.length, (j) => {
    const { name, predicate, value, total } = targets[j]!
    return [name, 'records', predicate, value, String(total)].map(quote).join(',')
  })
}

/** A row for each area, a column for each target. */
function* totalsCsv({ targets, areas }: NationalPopulation): Iterable<string> {
  yield `${['area', ...targets.map(({ name }) => name)].map(quote).join(',')}\n`
  yield* csvLines(areas.length, (a) => [areas[a]!.key, ...areas[a]!.totals].join(','))
}

function* areasYaml({ areas }: NationalPopulation): Iterable<string> {
  yield 'schema: equipoise/areas/1\ntotals: totals.csv\nareas:\n'
  for (const { key, share } of areas) yield `  - key: ${key}\n    weightScale: ${share}\n`
}

function readme(
  { records, targets, seed, areas, format }: GenerateOptions,
  { columns }: NationalPopulation,
): string {
  return `# A synthetic population of national shape

Made by

    equipoise generate --records ${records} --targets ${targets} --seed ${seed}${areas === 0 ? '' : ` --areas ${areas}`} --format ${format}

The same options make the same files on every machine. No record stands for anyone.

| file | content |
| --- | --- |
| records.${format} | ${records} records: ${['id', ...Object.keys(columns)].join(', ')} |
| targets.csv | ${targets} targets: name, table, predicate (SQL), value (SQL), total |
${areas === 0 ? '' : areaFiles(areas)}
\`weight\` is the design weight, with two decimals; amounts are whole dollars. The totals are those of other weights: the
design weights times a factor that depends on income, with some noise. To reach them, in this folder:

    equipoise reweight --records records.${format} --id id --weight weight --targets targets.csv \\
      --out weights.csv --certificate certificate.json --report report.html
${areas === 0 ? '' : areasCommand(format)}`
}

const areaFiles = (areas: number) => `| areas.yaml | ${areas} areas: key and share of the population |
| totals.csv | the totals of each area: a column for each target |
`

const areasCommand = (format: string) => `
To reach the totals of every area, each with weights of its own:

    equipoise areas --records records.${format} --id id --weight weight --targets targets.csv --areas areas.yaml --out areas
`
