import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import type { InputFile } from '../data/files.js'
import { numNonzeros } from '../data/matrix.js'
import { type ChildSource, type FileProblem, type ProblemSource, readProblem } from '../data/problem.js'
import type { Records } from '../data/records.js'
import { targetLabel } from '../data/targets.js'
import { InputError } from '../errors.js'
import { readCertificate, type StoredCertificate } from './certificate-file.js'
import { certify, columnsOf } from './certify.js'
import { addDataOptions, type DataOptions, problemSource } from './data-options.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import { inTermsOfFiles } from './native-problem.js'
import { significant, Terminal, textTable } from './terminal.js'
import { readArea } from './verify-area.js'
import { inOrderOf, readWeightTable, upperBoundColumn } from './weights-file.js'

interface VerifyOptions extends DataOptions {
  certificate: string
  weights?: string
  areas?: string
  json?: boolean
  quiet?: boolean
}

/** One figure of the certificate beside what the files give. */
interface Check {
  figure: string
  certificate: unknown
  files: unknown
  agrees: boolean
}

export interface Verification {
  confirmed: boolean
  sentence: string
  numChecks: number
  differences: Check[]
}

export function addVerify(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('verify')
    .description(
      'Compute a certificate again from the files alone, without the solver, and compare every figure',
    )
  command.addOption(new Option('--certificate <file>', 'the certificate').makeOptionMandatory())
  command.addOption(
    new Option('--weights <file>', 'the weights that it certifies; not where it proves that there are none'),
  )
  addDataOptions(command, { areRequired: false })
  command.addOption(new Option('--areas <file>', 'the areas, if the certificate is that of an area'))
  command.addOption(
    new Option('--json', 'print the result as JSON to standard output, and nothing else there'),
  )
  command.addOption(new Option('--quiet', 'print nothing but errors: the exit code tells'))
  command.addHelpText(
    'after',
    `
What an option leaves out is taken from the certificate; files are then looked for beside it and in the current folder.

Example:
  $ equipoise verify --certificate certificate.json --weights weights.csv
  $ equipoise verify --certificate certificate.json --weights weights.csv --records data/households.csv \\
      --child data/persons.csv:hhID --targets data/targets.csv`,
  )
  command.action(async (given: VerifyOptions) => done(await runVerify(given)))
}

async function runVerify(options: VerifyOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const document = await readCertificate(options.certificate)
  if (options.weights === undefined && document.status !== 'infeasible') {
    throw new InputError('missing_value', {
      path: '--weights',
      expected: 'the weights that the certificate is about',
      received: 'none',
    })
  }
  const source = await completeSource(document, options)
  const progress = terminal.progress()
  try {
    const staged = { ...source, onStage: (stage: string) => progress.stage(stage) }
    const { areas } = document.options.data
    const areasFile = areas && (options.areas ?? (await locate(areas.file, folders(options), '--areas')))
    const stated = areas && (await readArea(areasFile!, staged, areas.definition))
    const problem = stated?.problem ?? (await readProblem(staged))
    progress.stage('computing the certificate')
    const checks = await check(document, problem, options)
    if (stated) {
      const [certificate, files] = [areas.definition, stated.definition].map((value) => JSON.stringify(value))
      checks.push(same('options.data.areas.definition', certificate, files))
    }
    progress.stop()
    const verification = conclude(document, checks)
    terminal.json(`${JSON.stringify(verification, null, 2)}\n`)
    terminal.print(verificationText(verification))
    return verification.confirmed ? exitCode.success : exitCode.notCertified
  } finally {
    progress.stop()
  }
}

/** Where files are looked for. */
const folders = ({ certificate }: VerifyOptions) => [dirname(certificate), '.']

/** The options given, completed from the certificate. */
async function completeSource(document: StoredCertificate, given: VerifyOptions): Promise<ProblemSource> {
  const { data } = document.options
  const places = folders(given)
  const stored = (role: InputFile['role'], table?: string) =>
    document.inputs.files.filter(
      (file) => file.role === role && (table === undefined || file.table === table),
    )
  const find = (files: readonly { file: string }[], option: string) =>
    Promise.all(files.map(({ file }) => locate(file, places, option)))

  const records = given.records ?? { name: undefined, files: await find(stored('records'), '--records') }
  const tables = [...new Set(stored('child').map(({ table }) => table))]
  const children: ChildSource[] = []
  for (const [i, child] of (given.child ?? data.children).entries()) {
    const files = 'files' in child ? child.files : await find(stored('child', tables[i]), '--child')
    const name = ('name' in child ? child.name : undefined) ?? tables[i]
    children.push({ name, files, childKey: child.childKey, recordKey: child.recordKey ?? undefined })
  }
  const targets = given.targets ?? (await find(stored('targets'), '--targets'))[0]
  const matrix = given.matrix ?? (await find(stored('matrix'), '--matrix'))[0]
  const source = problemSource({
    records: { ...records, name: records.name ?? stored('records')[0]?.table },
    child: children,
    null: given.null ?? data.nullMarkers,
    weight: given.weight ?? data.weight,
    targets: targets ?? '',
    ...defined({
      id: given.id ?? data.id,
      targetsWhere: given.targetsWhere ?? data.targetsWhere,
      areaColumn: given.areaColumn ?? data.areaColumn,
      area: given.area ?? data.area,
      matrix,
      matrixIndex: given.matrixIndex ?? data.matrixIndex,
      dropNonpositive: given.dropNonpositive ?? data.dropNonPositive,
      dropImpossible: given.dropImpossible ?? data.dropImpossible,
      threads: given.threads,
    }),
  })
  return { ...source, columns: columnsOf(document) }
}

/** Without the entries that are null or undefined. */
function defined<T extends Record<string, unknown>>(values: T) {
  const entries = Object.entries(values).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(entries) as { [key in keyof T]?: NonNullable<T[key]> }
}

async function locate(file: string, folders: readonly string[], option: string): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, file)
    const found = await stat(path).catch(() => null)
    if (found?.isFile()) return path
  }
  throw new InputError('file', {
    path: option,
    expected: `the certificate's file ${file} beside it or in the current folder, or where it is by this option`,
    received: 'no such file',
  })
}

async function check(
  document: StoredCertificate,
  problem: FileProblem,
  options: VerifyOptions,
): Promise<Check[]> {
  const { records, targets, files } = problem
  const hasBounds = typeof document.options.data.areas?.exhaustionCap === 'number'
  const weighted = await readWeights(options.weights, records, hasBounds)
  const sameTargets = document.targets.length === targets.length
  const checks = [
    ...files.map((file, i) =>
      same(`${file.role} ${file.file}: sha256`, document.inputs.files[i]?.sha256, file.sha256),
    ),
    same('number of files', document.inputs.files.length, files.length),
    same('inputs.numRecords', document.inputs.numRecords, records.numRecords),
    same('inputs.numTargets', document.inputs.numTargets, targets.length),
    same('inputs.numNonzeros', document.inputs.numNonzeros, numNonzeros(problem.matrix)),
    same('inputs.droppedRecords', document.inputs.droppedRecords, records.numDropped),
    same('targets: their number', document.targets.length, targets.length),
    ...(weighted === null
      ? []
      : [
          same(
            'weights that are design weight times multiplier',
            records.numRecords,
            products(records.designWeights, weighted.multipliers, weighted.weights),
          ),
        ]),
  ]
  const multipliers = weighted?.multipliers ?? new Float64Array(records.numRecords)
  const capped = weighted?.caps ? { ...problem, caps: weighted.caps } : problem
  return sameTargets ? [...checks, ...recomputed(document, capped, multipliers, options.threads)] : checks
}

/** The weights and multipliers and, of a capped batch of areas, the upper bounds; null where there is no file. */
async function readWeights(file: string | undefined, records: Records, hasBounds: boolean) {
  if (file === undefined) return null
  const table = await readWeightTable(file, {
    path: '--weights',
    id: records.idColumn,
    columns: ['weight', 'multiplier', ...(hasBounds ? [upperBoundColumn] : [])],
  })
  const [weights, multipliers, caps] = table.numbers.map((numbers) =>
    inOrderOf(records.ids, table, numbers, '--weights'),
  )
  return { weights: weights!, multipliers: multipliers!, caps }
}

function products(designWeights: Float64Array, multipliers: Float64Array, weights: Float64Array): number {
  return weights.reduce(
    (count, weight, i) => count + Number(weight === designWeights[i]! * multipliers[i]!),
    0,
  )
}

/** The figures of the independent check, from the multipliers of the weights file and the dual values of the certificate. */
function recomputed(
  document: StoredCertificate,
  problem: FileProblem,
  multipliers: Float64Array,
  threads: number | undefined,
): Check[] {
  const found = certifyByFiles(document, problem, multipliers, threads)
  const stored = { ...document, ...('infeasibility' in document ? document.infeasibility : {}) }
  return [
    ...compared('', stored, found.figures),
    ...found.targets.flatMap((figures, j) => {
      const target = problem.targets[j]!
      const fields = { name: target.name, area: target.area ?? undefined, ...figures }
      return compared(`targets[${j}] (${targetLabel(target)}).`, document.targets[j]!, fields)
    }),
  ]
}

function certifyByFiles(...[document, problem, ...more]: Parameters<typeof certify>) {
  try {
    return certify(document, problem, ...more)
  } catch (error) {
    throw inTermsOfFiles(error, problem, { columns: columnsOf(document) })
  }
}

function compared(place: string, stored: object, files: Record<string, unknown>): Check[] {
  const values = stored as Record<string, unknown>
  return Object.entries(files).map(([name, value]) => same(`${place}${name}`, values[name], value))
}

const same = (figure: string, certificate: unknown, files: unknown): Check => ({
  figure,
  certificate,
  files,
  agrees: certificate === files,
})

function conclude(document: StoredCertificate, checks: readonly Check[]): Verification {
  const differences = checks.filter(({ agrees }) => !agrees)
  const { status, distanceBound, options } = document
  const confirmed = differences.length === 0 && isProven(document)
  return { confirmed, sentence: sentence(), numChecks: checks.length, differences }

  function sentence(): string {
    if (differences.length > 0)
      return `NOT CONFIRMED: ${differences.length} of ${checks.length} figures differ.`
    const agreement = `The files give the same ${checks.length} figures`
    if (confirmed && status === 'infeasible')
      return `Confirmed. ${agreement}; it is proven that no weights meet what was asked.`
    if (confirmed)
      return `Confirmed. ${agreement}; every multiplier is within ${significant(distanceBound, 3)} of the only optimum.`
    return `NOT CERTIFIED (${status}). ${agreement}, but they are no certificate: distance bound ${significant(distanceBound, 3)}, tolerance ${options.tolerance}.`
  }
}

/** What the figures prove by themselves, whatever the status says. */
function isProven(document: StoredCertificate): boolean {
  const { status, distanceBound, options } = document
  const isNear = (value: number | null) => value !== null && value <= options.tolerance
  if (status === 'infeasible')
    return 'infeasibility' in document && (document.infeasibility?.margin ?? -1) >= 0
  const meetsTotals = !('constraintResidual' in document) || isNear(document.constraintResidual)
  return status === 'converged' && isNear(distanceBound) && meetsTotals
}

const shownDifferences = 20

function verificationText({ sentence, differences }: Verification): string {
  if (differences.length === 0) return sentence
  const rows = differences
    .slice(0, shownDifferences)
    .map(({ figure, certificate, files }) => [figure, String(certificate), String(files)])
  const more = differences.length - rows.length
  return `${sentence}\n\n${textTable(['figure', 'certificate', 'files'], rows)}${more > 0 ? `\nand ${more} more` : ''}`
}
