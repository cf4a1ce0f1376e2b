import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { type AreasProblem, readAreasProblem } from '../areas/problem.js'
import { isRefused } from '../areas/resolve.js'
import { InputError } from '../errors.js'
import { areasDefaults, areasDigest } from '../index.js'
import { AreaStore } from './area-store.js'
import { areasProgress } from './areas-progress.js'
import { AreasBatch, type BatchResult } from './areas-run.js'
import { type AreasSummary, areasSummary, areasText } from './areas-summary.js'
import { parseNumber } from './arguments.js'
import { addDataOptions, type DataOptions, dataFiles, dataSelection, problemSource } from './data-options.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import { addFormOptions, type FormOptions, type FormSettings, formSettings } from './form-options.js'
import { Interrupt } from './interrupt.js'
import { writeText } from './outputs.js'
import { Terminal } from './terminal.js'
import { checkWeightsFile, csvLines, quote } from './weights-file.js'

interface CommandOptions extends DataOptions, FormOptions {
  areas: string
  out: string
  format: 'csv' | 'parquet'
  exhaustionCap?: number
  missTolerance?: number
  pages: boolean
  explain: boolean
  check?: boolean
  json?: boolean
  quiet?: boolean
}

export function addAreas(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('areas')
    .description(
      'Reweight many areas over one matrix of records and targets: weights and a certificate for each, a report over all; a rerun does only what is missing or changed',
    )
  addDataOptions(command, { areRequired: true, without: ['area'] })
  command.addOption(
    new Option(
      '--areas <file>',
      'the areas: YAML, JSON or CSV, described in docs/areas.md',
    ).makeOptionMandatory(),
  )
  addFormOptions(command)
  const options = [
    new Option(
      '--out <folder>',
      'folder for the results; those of an earlier run that are still valid are kept',
    ).makeOptionMandatory(),
    new Option('--format <name>', 'format of the weights').choices(['csv', 'parquet']).default('csv'),
    new Option(
      '--exhaustion-cap <number>',
      'the most that all areas together may use of a record: sum of its weights / its design weight (default: none)',
    ).argParser(parseNumber),
    new Option(
      '--miss-tolerance <number>',
      `for the summary: a total that is off by more than this share counts as missed (default: ${areasDefaults().missTolerance})`,
    ).argParser(parseNumber),
    new Option('--no-pages', 'no report page for each area, only the one over all'),
    new Option(
      '--no-explain',
      'where no weights meet what an area asks, prove that only, without looking for the reasons',
    ),
    new Option('--check', 'check the areas against the data and solve nothing'),
    new Option('--json', 'print the summary to standard output, and nothing else there'),
    new Option('--quiet', 'print nothing but errors'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Example:
  $ equipoise areas --records records.csv --id id --weight weight --targets targets.csv --areas states.yaml \\
      --out states`,
  )
  command.action(async (given: CommandOptions) => done(await runAreas(given)))
}

async function runAreas(options: CommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const started = performance.now()
  const settings = formSettings(options)
  if (settings.form === 'bands' && settings.importanceAs === 'rank') {
    throw new InputError('conflict', {
      path: '--importance-as',
      expected: 'weight with areas',
      received: 'rank',
    })
  }
  const weightsFile = `weights.${options.format}` as const
  checkWeightsFile(weightsFile, options.id ?? 'record')
  const { readAreasFile } = await import('../areas/file.js')
  const file = await readAreasFile(options.areas)
  const progress = areasProgress(terminal, options.quiet ?? false)
  let store: AreaStore | null = null
  const interrupt = new Interrupt({
    discard: () => store?.discard(),
    note: (text) => terminal.note(text),
  })
  try {
    const source = {
      ...problemSource(options),
      ...(settings.form === 'penalty' ? {} : { columns: settings.columns }),
      onStage: (stage: string) => progress.stage(stage),
    }
    const { dropImpossible = false } = source
    const problem = await readAreasProblem({
      data: source,
      path: options.areas,
      file,
      options: { bounds: settings.bounds, dropImpossible },
    })
    const faults = reportFaults(problem, terminal)
    if (faults.length === problem.areas.length) throw faults[0]
    if (options.check) return checked(problem, faults, terminal)

    store = await AreaStore.open(options.out, dataFiles(options))
    const data = { ...dataSelection(source), areaColumn: file.areaColumn ?? source.areaColumn ?? null }
    const readSeconds = seconds(started)
    const exhaustionCap = options.exhaustionCap ?? null
    const batch = new AreasBatch(
      problem,
      store,
      {
        ...{ settings, data, threads: options.threads, exhaustionCap, weightsFile, readSeconds },
        areasFile: basename(options.areas),
        hasPages: options.pages,
        explain: options.explain,
      },
      progress,
    )
    const result = await interrupt.solving((signal) => batch.run(signal))
    progress.stage('writing the summary')
    const summary = summaryOf(problem, result, {
      options: {
        ...settings,
        ...{ data, exhaustionCap, missTolerance: options.missTolerance ?? areasDefaults().missTolerance },
      },
      timing: { readSeconds, totalSeconds: seconds(started) },
    })
    await writeSummary(store, problem, result, summary, options.pages)
    progress.stop()
    for (const warning of summary.warnings) terminal.note(`warning: ${warning}`)
    terminal.print(areasText(summary, options.out))
    terminal.json(summaryText(summary))
    const isCertified = summary.areas.every(({ status }) => status === 'converged')
    const isCapped = (summary.exhaustion?.numAboveCap ?? 0) === 0
    return isCertified && isCapped ? exitCode.success : exitCode.notCertified
  } finally {
    progress.stop()
    interrupt.release()
    store?.discard()
  }
}

const seconds = (since: number) => (performance.now() - since) / 1000

/** Says of each area that cannot be solved as it is stated why that is; the others are solved all the same. */
function reportFaults({ areas }: AreasProblem, terminal: Terminal): InputError[] {
  const refused = areas.filter(isRefused)
  for (const { key, fault } of refused) terminal.error(`area ${key}: ${fault.message}`)
  return refused.map(({ fault }) => fault)
}

function checked(
  { areas, shared }: AreasProblem,
  faults: readonly InputError[],
  terminal: Terminal,
): ExitCode {
  const sound = areas.length - faults.length
  terminal.print(
    `${sound} of ${areas.length} areas are sound: ${shared.records.numRecords} records, ${shared.targets.length} targets`,
  )
  return faults.length === 0 ? exitCode.success : exitCode.badInput
}

function summaryOf(
  problem: AreasProblem,
  { outcomes, exhaustion, numSolved, numKept }: BatchResult,
  {
    options,
    timing,
  }: { options: AreasSummary['options']; timing: { readSeconds: number; totalSeconds: number } },
): AreasSummary {
  const { shared } = problem
  const { worst, ...table } = exhaustion.table
  return areasSummary({
    outcomes,
    targetNames: shared.targets.map(({ name }) => name),
    digest: areasDigest(outcomes),
    options,
    inputs: {
      files: shared.files,
      numRecords: shared.records.numRecords,
      numTargets: shared.targets.length,
    },
    exhaustion: {
      ...table,
      worst: worst.map(({ record, exhaustion }) => ({ id: shared.records.ids[record]!, exhaustion })),
    },
    warnings: [...shared.warnings, ...unusedBands(problem, options.form)],
    timing: { ...timing, numSolved, numKept },
  })
}

/** Bands that the areas state for nothing. */
function unusedBands({ areas }: AreasProblem, form: FormSettings['form']): string[] {
  const hasBands = areas.some(
    (area) => !isRefused(area) && (area.definition.band !== null || area.definition.overrides.length > 0),
  )
  return hasBands && form !== 'bands' ? [`the bands of the areas file mean nothing to --form ${form}`] : []
}

const summaryText = (summary: AreasSummary) => `${JSON.stringify(summary, null, 2)}\n`

async function writeSummary(
  store: AreaStore,
  { shared }: AreasProblem,
  { exhaustion, outcomes }: BatchResult,
  summary: AreasSummary,
  hasPages: boolean,
): Promise<void> {
  // Loaded only where it is needed: the plotting library is large.
  const { renderAreasReport } = await import('../report/areas/render.js')
  const pageOf = (key: string) => (hasPages ? `${store.folderOf(key)}/report.html` : null)
  const page = await renderAreasReport({ summary, outcomes, pageOf })
  const { idColumn, ids } = shared.records
  await store.write({
    'exhaustion.csv': (temporary) => writeText(temporary, exhaustionCsv(idColumn, ids, exhaustion.byRecord)),
    'index.html': (temporary) => writeText(temporary, [page]),
    'summary.json': (temporary) => writeText(temporary, [summaryText(summary)]),
  })
}

function* exhaustionCsv(idColumn: string, ids: readonly string[], byRecord: Float64Array): Iterable<string> {
  yield `${quote(idColumn)},exhaustion\n`
  yield* csvLines(ids.length, (i) => `${quote(ids[i]!)},${byRecord[i]}`)
}
