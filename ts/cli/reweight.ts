import { type Command, Option } from 'commander'
import { type FileProblem, readProblem } from '../data/problem.js'
import type { ReweightResult } from '../index.js'
import type { ReportInput } from '../report/render.js'
import type { CertificateDocument } from '../reweight/certificate-document.js'
import { certificateDocument, certificateText } from './certificate.js'
import { addDataOptions, type DataOptions, dataFiles, dataSelection, problemSource } from './data-options.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import {
  addFormOptions,
  type FormOptions,
  type FormSettings,
  formSettings,
  solveOptions,
} from './form-options.js'
import { compareWithGoldStar, matchGoldStar, readGoldStar } from './gold-star.js'
import { Interrupt } from './interrupt.js'
import { nativeProblem } from './native-problem.js'
import { Outputs, writeText } from './outputs.js'
import { resultText } from './result-text.js'
import { type Progress, Terminal } from './terminal.js'
import { checkWeightsFile, writeWeights } from './weights-file.js'

interface CommandOptions extends DataOptions, FormOptions {
  out?: string
  certificate?: string
  report?: string
  goldStar?: string
  json?: boolean
  quiet?: boolean
}

export function addReweight(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('reweight')
    .description(
      'Find the weights nearest to the design weights that bring the totals to their targets, and certify them',
    )
  addDataOptions(command, { areRequired: true })
  addFormOptions(command)
  const options = [
    new Option('--out <file>', 'weights: .csv or .parquet with the ids, weight and multiplier'),
    new Option('--certificate <file>', 'certificate, JSON'),
    new Option('--report <file>', 'report, one HTML file'),
    new Option('--gold-star <file>', 'published weights to compare with, by id'),
    new Option('--json', 'print the certificate to standard output, and nothing else there'),
    new Option('--quiet', 'print nothing but errors'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Example:
  $ equipoise reweight --records households=households.csv --id hhID --weight HHweight \\
      --child persons=persons.csv:hhID --null NA \\
      --targets targets.csv --targets-where "importance IS NOT NULL" --area-column SUBREGCluster --area 3 \\
      --penalty 1e-2 --bounds 0.1,10 --out weights.csv --certificate certificate.json --report report.html`,
  )
  command.action(async (given: CommandOptions) => done(await runReweight(given)))
}

async function runReweight(options: CommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const started = performance.now()
  const { out, certificate, report } = options
  checkWeightsFile(out, options.id ?? 'record')
  const settings = formSettings(options)
  const outputs = await Outputs.prepare({ '--out': out, '--certificate': certificate, '--report': report }, [
    ...dataFiles(options),
    ...(options.goldStar === undefined ? [] : [options.goldStar]),
  ])
  const progress = terminal.progress()
  const interrupt = new Interrupt({ discard: () => outputs.discard(), note: (text) => terminal.note(text) })
  try {
    const published = options.goldStar === undefined ? null : await readGoldStar(options.goldStar, options.id)
    const source = { ...problemSource(options), onStage: (stage: string) => progress.stage(stage) }
    const problem = await readProblem(source)
    const gold = published && matchGoldStar(published, problem.records)
    const readSeconds = seconds(started)
    progress.stage('solving')
    const result = await interrupt.solving((signal) =>
      solve(problem, settings, { ...options, signal, progress }),
    )
    const timing = { readSeconds, totalSeconds: seconds(started) }
    const document = certificateDocument({ problem, settings, data: dataSelection(source), result, timing })
    const comparison = gold && compareWithGoldStar(problem.records, result, gold)

    progress.stage('writing files')
    const goldStar = gold && comparison && { ...comparison, reference: gold.file }
    await writeFiles(outputs, options, { problem, result, document, goldStar })
    await outputs.commit()
    progress.stop()
    for (const warning of document.warnings) terminal.note(`warning: ${warning}`)
    terminal.print(resultText(document, { goldStar: comparison, files: [out, certificate, report] }))
    terminal.json(certificateText(document))
    if (result.status !== 'converged') return exitCode.notCertified
    return comparison && !comparison.allclose ? exitCode.different : exitCode.success
  } finally {
    progress.stop()
    interrupt.release()
    outputs.discard()
  }
}

const seconds = (since: number) => (performance.now() - since) / 1000

async function solve(
  problem: FileProblem,
  settings: FormSettings,
  { threads, signal, progress }: { threads?: number; signal: AbortSignal; progress: Progress },
): Promise<ReweightResult> {
  const native = nativeProblem(problem, settings.bounds)
  try {
    return await native.solve({
      ...solveOptions(settings, threads),
      signal,
      onProgress: (record) => progress.iteration(record, settings.tolerance),
    })
  } finally {
    native.dispose()
  }
}

interface Run {
  problem: FileProblem
  result: ReweightResult
  document: CertificateDocument
  goldStar: ReportInput['goldStar'] | null
}

async function writeFiles(outputs: Outputs, options: CommandOptions, run: Run): Promise<void> {
  const { out, certificate, report } = options
  if (out !== undefined) {
    const { idColumn, idType, ids } = run.problem.records
    const records = { idColumn, idType, ids, ...run.result }
    await outputs.add(out, (temporary) => writeWeights(out, temporary, records))
  }
  if (certificate !== undefined) {
    await outputs.add(certificate, (temporary) => writeText(temporary, [certificateText(run.document)]))
  }
  if (report !== undefined) {
    const page = await reportPage(options, run)
    await outputs.add(report, (temporary) => writeText(temporary, [page]))
  }
}

async function reportPage({ out, certificate }: CommandOptions, run: Run): Promise<string> {
  const { problem, result, document, goldStar } = run
  // Loaded only where it is needed: the plotting library is large.
  const { renderReport } = await import('../report/render.js')
  return renderReport({
    title: `Reweighting of ${problem.files[0]!.file}`,
    certificate: document,
    multipliers: result.multipliers,
    weightsBefore: problem.records.designWeights,
    weightsAfter: result.weights,
    recordIds: problem.records.ids,
    recordIdName: problem.records.idColumn,
    ...(goldStar ? { goldStar } : {}),
    ...(out === undefined || certificate === undefined
      ? {}
      : { verifyCommand: `equipoise verify --certificate ${certificate} --weights ${out}` }),
  })
}
