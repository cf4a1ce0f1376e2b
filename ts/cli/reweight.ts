import { type Command, Option } from 'commander'
import { type FileProblem, readProblem } from '../data/problem.js'
import type { IntegerResult } from '../index.js'
import type { ReportInput } from '../report/render.js'
import type { AnyDocument } from '../reweight/certificate-document.js'
import { certificateText } from './certificate.js'
import { addDataOptions, type DataOptions, dataFiles, dataSelection, problemSource } from './data-options.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import { addFormOptions, type FormOptions, formSettings } from './form-options.js'
import { compareWithGoldStar, matchGoldStar, readGoldStar } from './gold-star.js'
import {
  addIntegerOptions,
  checkIntegerOptions,
  type IntegerWeightOptions,
  integerText,
  integerWeights,
  writeIntegers,
} from './integer-weights.js'
import { Interrupt } from './interrupt.js'
import { Outputs, writeText } from './outputs.js'
import { resultText } from './result-text.js'
import { type Solved, solve } from './solve.js'
import { Terminal } from './terminal.js'
import { checkWeightsFile, writeWeights } from './weights-file.js'

interface CommandOptions extends DataOptions, FormOptions, IntegerWeightOptions {
  out?: string
  certificate?: string
  report?: string
  goldStar?: string
  explain: boolean
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
    new Option(
      '--no-explain',
      'where no weights meet what was asked, prove that only, without looking for the reasons',
    ),
    new Option('--json', 'print the certificate to standard output, and nothing else there'),
    new Option('--quiet', 'print nothing but errors'),
  ]
  for (const option of options) command.addOption(option)
  addIntegerOptions(command)
  command.addHelpText('after', examples)
  command.action(async (given: CommandOptions) => done(await runReweight(given)))
}

const examples = `
Forms:
  penalty    the totals come near their targets, all misses and changes weighed against each other
  bands      each total comes within a band around its target, or near it at a price, or else no answer (--elastic hard)
  calibrate  the totals meet their targets exactly

Examples:
  $ equipoise reweight --records households=households.csv --id hhID --weight HHweight \\
      --child persons=persons.csv:hhID --null NA \\
      --targets targets.csv --targets-where "importance IS NOT NULL" --area-column SUBREGCluster --area 3 \\
      --penalty 1e-2 --bounds 0.1,10 --out weights.csv --certificate certificate.json --report report.html

  $ equipoise reweight --form bands --band 0.5% --band-override 'PComm_*=2%' --band-override 'num_hh=0@1e8' \\
      --records households=households.csv --id hhID --weight HHweight --child persons=persons.csv:hhID --null NA \\
      --targets targets.csv --targets-where "importance IS NOT NULL" --area-column SUBREGCluster --area 3 \\
      --bounds 0.5,4 --out weights.csv --certificate certificate.json --report report.html

  $ equipoise reweight --form calibrate --distance raking \\
      --records households=households.csv --id hhID --weight HHweight --child persons=persons.csv:hhID --null NA \\
      --targets targets.csv --targets-where "name IN ('num_hh', 'HHSize_1', 'HHSize_2', 'num_p', 'PAge_0_4')" \\
      --area-column SUBREGCluster --area 3 --out weights.csv --certificate certificate.json --report report.html

The others, in place of the options of the form:
  --form bands --band 0.5% --elastic hard --bounds 0.5,4     no band may be missed; contradictions are explained
  --form bands --importance importance --importance-as rank  the most important bands first
  --form calibrate --distance linear                         generalised regression; weights may become negative
  --form calibrate --distance truncated --bounds 0.5,4       the same within limits
  --form calibrate --distance logit --bounds 0.5,4           strictly within limits
  --form calibrate --distance sinh --alpha 0.5               positive, with lighter tails than raking`

async function runReweight(options: CommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const started = performance.now()
  const { out, certificate, report, integerWeights: integers } = options
  checkWeightsFile(out, options.id ?? 'record')
  checkIntegerOptions(options, options.id ?? 'record')
  const settings = formSettings(options)
  const outputs = await Outputs.prepare(
    { '--out': out, '--certificate': certificate, '--report': report, '--integer-weights': integers },
    [...dataFiles(options), ...(options.goldStar === undefined ? [] : [options.goldStar])],
  )
  const progress = terminal.progress()
  const interrupt = new Interrupt({ discard: () => outputs.discard(), note: (text) => terminal.note(text) })
  try {
    const published = options.goldStar === undefined ? null : await readGoldStar(options.goldStar, options.id)
    const source = {
      ...problemSource(options),
      columns: { ...(settings.form === 'penalty' ? {} : settings.columns), cell: options.integerCells },
      onStage: (stage: string) => progress.stage(stage),
    }
    const problem = await readProblem(source)
    const gold = published && matchGoldStar(published, problem.records)
    const readSeconds = seconds(started)
    progress.stage('solving')
    const data = dataSelection(source)
    const { threads, explain } = options
    const solved = await interrupt.solving((signal) =>
      solve({ problem, data, threads, explain, signal, progress }, settings),
    )
    const document = solved.document({ readSeconds, totalSeconds: seconds(started) })
    const comparison = gold && compareWithGoldStar(problem.records, solved, gold)

    // Where no weights meet what was asked there are none to write.
    const isSolved = solved.status !== 'infeasible'
    const rounded =
      integers === undefined || !isSolved
        ? null
        : await integerWeights(problem, solved.weights, settings, options)

    progress.stage('writing files')
    const goldStar = gold && comparison && { ...comparison, reference: gold.file }
    await writeFiles(outputs, options, { problem, solved, rounded, document, goldStar })
    await outputs.commit()
    progress.stop()
    for (const warning of document.warnings) terminal.note(`warning: ${warning}`)
    const files = [isSolved ? out : undefined, certificate, report, rounded ? integers : undefined]
    terminal.print(
      resultText(document, {
        goldStar: comparison,
        rounded: rounded && integerText(problem, rounded),
        files,
      }),
    )
    terminal.json(certificateText(document))
    if (solved.status === 'infeasible') return exitCode.infeasible
    if (solved.status !== 'converged' || rounded?.status === 'beyond_distance') return exitCode.notCertified
    return comparison && !comparison.allclose ? exitCode.different : exitCode.success
  } finally {
    progress.stop()
    interrupt.release()
    outputs.discard()
  }
}

const seconds = (since: number) => (performance.now() - since) / 1000

interface Run {
  problem: FileProblem
  solved: Solved
  rounded: IntegerResult | null
  document: AnyDocument
  goldStar: ReportInput['goldStar'] | null
}

async function writeFiles(outputs: Outputs, options: CommandOptions, run: Run): Promise<void> {
  const { out, certificate, report, integerWeights: integers } = options
  if (out !== undefined && run.solved.status !== 'infeasible') {
    const { idColumn, idType, ids } = run.problem.records
    const records = { idColumn, idType, ids, ...run.solved }
    await outputs.add(out, (temporary) => writeWeights(out, temporary, records))
  }
  if (integers !== undefined && run.rounded) {
    const { weights } = run.rounded
    await outputs.add(integers, (temporary) => writeIntegers(integers, temporary, run.problem, weights))
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
  const { problem, solved, document, goldStar } = run
  // Loaded only where it is needed: the plotting library is large.
  const { renderReport } = await import('../report/render.js')
  return renderReport({
    title: `Reweighting of ${problem.files[0]!.file}`,
    certificate: document,
    multipliers: solved.multipliers,
    weightsBefore: problem.records.designWeights,
    weightsAfter: solved.weights,
    recordIds: problem.records.ids,
    recordIdName: problem.records.idColumn,
    ...(goldStar ? { goldStar } : {}),
    ...(certificate === undefined || (out === undefined && solved.status !== 'infeasible')
      ? {}
      : { verifyCommand: verifyCommand(certificate, solved.status === 'infeasible' ? undefined : out) }),
  })
}

const verifyCommand = (certificate: string, weights: string | undefined) =>
  `equipoise verify --certificate ${certificate}${weights === undefined ? '' : ` --weights ${weights}`}`
