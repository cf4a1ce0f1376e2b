import { areaAlone, boundsOf } from '../areas/alone.js'
import { type AreaAnswer, type AreaOutcome, outcomeOf, outcomeWithout } from '../areas/outcome.js'
import type { AreasProblem } from '../areas/problem.js'
import { type AreaDefinition, isRefused, type ResolvedArea } from '../areas/resolve.js'
import type { FileProblem } from '../data/problem.js'
import { InputError } from '../errors.js'
import {
  AREA_STATUSES,
  type Area,
  type AreaResult,
  type AreasOptions,
  type BandResult,
  type CalibrationResult,
  ExhaustionSums,
  type ExhaustionTable,
  type ReweightProblem,
  type ReweightResult,
  version,
} from '../index.js'
import type { AnyDocument } from '../reweight/certificate-document.js'
import type { DocumentExplanation } from '../reweight/infeasibility-document.js'
import { type AreaFile, type AreaRecord, type AreaStore, hashOfJson, type Writer } from './area-store.js'
import type { AreasProgress } from './areas-progress.js'
import { bandDocument } from './band-certificate.js'
import { calibrationDocument } from './calibration-certificate.js'
import { certificateDocument, certificateText } from './certificate.js'
import type { DataSelection } from './data-options.js'
import { conduct, type FormSettings } from './form-options.js'
import { inTermsOfFiles, nativeProblem } from './native-problem.js'
import { writeText } from './outputs.js'
import { bandOptions, calibrationOptions, explainAlone } from './solve.js'
import { readWeightTable, writeWeights } from './weights-file.js'

export interface BatchOptions {
  settings: FormSettings
  data: DataSelection
  /** Base name of the areas file. */
  areasFile: string
  threads: number | undefined
  exhaustionCap: number | null
  weightsFile: 'weights.csv' | 'weights.parquet'
  hasPages: boolean
  /** Whether to look for the reasons where no weights meet what an area asks. */
  explain: boolean
  readSeconds: number
}

/** All areas of a batch, after a run of it. */
export interface BatchResult {
  /** In the order of the areas file. */
  outcomes: AreaOutcome[]
  numSolved: number
  numKept: number
  exhaustion: { table: ExhaustionTable; byRecord: Float64Array }
}

const certificateFile = 'certificate.json'
const pageFile = 'report.html'

/** Solves the areas of a batch that the store does not hold already, and keeps each in it as it ends. */
export class AreasBatch {
  readonly #problem: AreasProblem
  readonly #store: AreaStore
  readonly #options: BatchOptions
  readonly #progress: AreasProgress
  readonly #solvable: ResolvedArea[]
  readonly #outcomes = new Map<number, AreaOutcome>()
  readonly #sums: ExhaustionSums

  constructor(problem: AreasProblem, store: AreaStore, options: BatchOptions, progress: AreasProgress) {
    this.#problem = problem
    this.#store = store
    this.#options = options
    this.#progress = progress
    this.#solvable = problem.areas.filter((area): area is ResolvedArea => !isRefused(area))
    this.#sums = new ExhaustionSums(problem.shared.records.designWeights)
  }

  async run(signal: AbortSignal): Promise<BatchResult> {
    const { areas } = this.#problem
    const { exhaustionCap } = this.#options
    for (const area of areas) if (isRefused(area)) await this.#refuse(area.index, area.key, area.fault)
    const kept = await this.#keepDone()
    const todo = this.#solvable.filter(({ index }) => !this.#outcomes.has(index))
    const exhaustion = await this.#solve(todo, signal)
    for (const area of kept) await this.#addWeightsOfFile(area)
    return {
      outcomes: areas.map(({ index }) => this.#outcomes.get(index)!),
      numSolved: todo.length,
      numKept: kept.length,
      exhaustion: exhaustion ?? { table: this.#sums.table(exhaustionCap), byRecord: this.#sums.values() },
    }
  }

  /** With a cap every answer depends on all areas: then all are kept, or none. */
  async #keepDone(): Promise<ResolvedArea[]> {
    this.#progress.stage('looking for areas that are done')
    const done: [ResolvedArea, AreaOutcome][] = []
    for (const area of this.#solvable) {
      const outcome = await this.#store.done(area.definition.key, this.#inputsOf(area), (outcome) =>
        this.#filesOf(outcome),
      )
      if (outcome) done.push([area, outcome])
      else if (this.#options.exhaustionCap !== null) return []
    }
    for (const [area, outcome] of done) this.#outcomes.set(area.index, outcome)
    return done.map(([area]) => area)
  }

  /** Where no weights meet what was asked there are none to write. */
  #filesOf({ status }: AreaOutcome): AreaFile[] {
    const { weightsFile, hasPages } = this.#options
    const files: AreaFile[] = [certificateFile]
    if (hasPages) files.unshift(pageFile)
    if (status !== 'infeasible') files.unshift(weightsFile)
    return files
  }

  /** The hash of everything that decides an area's answer. */
  #inputsOf({ definition }: ResolvedArea): string {
    const { settings, data, exhaustionCap, explain } = this.#options
    const others = exhaustionCap === null ? null : this.#solvable.map((area) => area.definition)
    const { files } = this.#problem.shared
    return hashOfJson({
      ...{ version: version(), settings, data, files, definition },
      ...{ exhaustionCap, others, explain },
    })
  }

  /** Solves areas; the exhaustion by all of them where a cap makes them depend on one another. */
  async #solve(
    todo: readonly ResolvedArea[],
    signal: AbortSignal,
  ): Promise<BatchResult['exhaustion'] | null> {
    if (todo.length === 0) return null
    const { shared } = this.#problem
    const native = nativeProblem(withoutTotals(shared), this.#options.settings.bounds)
    try {
      this.#progress.begin(todo.length)
      return await this.#solveSound(native, todo, signal)
    } finally {
      native.dispose()
    }
  }

  /** An area that the solver does not accept is refused, and the others are solved without it. */
  async #solveSound(
    native: ReweightProblem,
    todo: readonly ResolvedArea[],
    signal: AbortSignal,
  ): Promise<BatchResult['exhaustion'] | null> {
    if (todo.length === 0) return null
    try {
      return await this.#solveBatch(native, todo, signal)
    } catch (error) {
      const [, index, field] =
        (error instanceof InputError && /^areas\[(\d+)\]\.(.*)$/.exec(error.path)) || []
      const area = todo[Number(index)]
      if (area === undefined) throw inTermsOfOptions(error, this.#problem.shared, this.#options.settings)
      const fault = inTermsOfFile(error as InputError, area, field!, this.#problem.shared)
      await this.#refuse(area.index, area.definition.key, fault)
      this.#progress.area(area.definition.key, 'bad_input')
      return await this.#solveSound(
        native,
        todo.filter((other) => other !== area),
        signal,
      )
    }
  }

  async #solveBatch(
    native: ReweightProblem,
    todo: readonly ResolvedArea[],
    signal: AbortSignal,
  ): Promise<BatchResult['exhaustion'] | null> {
    const { threads, exhaustionCap, settings } = this.#options
    const options: AreasOptions = {
      ...formChoice(this.#problem.shared, settings),
      signal,
      ...(threads === undefined ? {} : { threads }),
      ...(exhaustionCap === null ? {} : { exhaustionCap }),
    }
    const run = native.solveAreas(
      todo.map((area) => nativeArea(area, settings)),
      options,
    )
    const records = new Map<number, AreaRecord>()
    for await (const result of run) {
      const area = todo[result.index]!
      const record = await this.#keep(area, result, signal)
      if (record && exhaustionCap === null) await this.#store.seal(record)
      if (record) records.set(area.index, record)
      else records.delete(area.index)
      this.#progress.area(area.definition.key, result.status)
    }
    for (const { index, definition } of todo) {
      if (!this.#outcomes.has(index))
        this.#outcomes.set(index, outcomeWithout(definition.key, 'not_solved', AREA_STATUSES.not_solved))
    }
    if (exhaustionCap === null) return null
    const { exhaustion, exhaustionByRecord } = await run.summary()
    if (!signal.aborted) for (const record of records.values()) await this.#store.seal(record)
    return { table: exhaustion, byRecord: exhaustionByRecord }
  }

  /** Writes an area's files; a record only where a rerun would do the same again. */
  async #keep(area: ResolvedArea, ended: AreaResult, signal: AbortSignal): Promise<AreaRecord | null> {
    const { status, message, result, error } = ended
    const { key } = area.definition
    if (result === null) {
      if (error) await this.#refuse(area.index, key, error)
      else await this.#discard(area.index, outcomeWithout(key, status, message))
      return null
    }
    const explanation = await this.#explain(area, ended, signal)
    const reason = explanation?.minimalSets[0]?.sentence
    const outcome = outcomeOf(area, { status, message: reason ?? message }, result)
    this.#outcomes.set(area.index, outcome)
    if (status === 'converged') this.#sums.add(result.weights, area.records)
    const writers = this.#writers(area, ended, { answer: result, explanation })
    const files = this.#filesOf(outcome).map((file) => [file, writers[file]!])
    const record = await this.#store.save(outcome, this.#inputsOf(area), Object.fromEntries(files))
    return status === 'cancelled' || (status === 'infeasible' && signal.aborted) ? null : record
  }

  /** The reasons where no weights meet what an area asks. */
  async #explain(
    area: ResolvedArea,
    { status, upperBounds }: AreaResult,
    signal: AbortSignal,
  ): Promise<DocumentExplanation | null> {
    const { explain, settings, threads } = this.#options
    if (status !== 'infeasible' || !explain || signal.aborted) return null
    this.#progress.stage(`explaining the contradiction in ${area.definition.key}`)
    const alone = areaAlone(this.#problem.shared, area)
    const problem = upperBounds ? { ...alone, caps: upperBounds } : alone
    return explainAlone({ problem, threads, signal }, areaSettings(settings, area.definition))
  }

  /** How each file of an area is written. */
  #writers(
    area: ResolvedArea,
    { upperBounds, seconds }: AreaResult,
    { answer, explanation }: Pick<AreaCertificate, 'answer' | 'explanation'>,
  ): Partial<Record<AreaFile, Writer>> {
    const { weightsFile, settings, areasFile, readSeconds } = this.#options
    const { definition } = area
    const problem = areaAlone(this.#problem.shared, area)
    const exhaustionCap = upperBounds && this.#options.exhaustionCap
    const document = documentOf(areaSettings(settings, definition), {
      problem,
      data: { ...this.#options.data, areas: { file: areasFile, definition, exhaustionCap } },
      answer,
      explanation,
      timing: { readSeconds, totalSeconds: seconds },
    })
    const { idColumn, idType, ids } = problem.records
    return {
      [weightsFile]: (temporary: string) =>
        writeWeights(weightsFile, temporary, { idColumn, idType, ids, ...answer, upperBounds }),
      [pageFile]: async (temporary: string) =>
        writeText(temporary, [await areaPage(definition.key, problem, document, answer)]),
      [certificateFile]: (temporary: string) => writeText(temporary, [certificateText(document)]),
    }
  }

  async #refuse(index: number, key: string, fault: InputError): Promise<void> {
    await this.#discard(index, outcomeWithout(key, 'bad_input', fault.message, fault))
  }

  /** An area without an answer keeps no files of an earlier one. */
  async #discard(index: number, outcome: AreaOutcome): Promise<void> {
    await this.#store.remove(outcome.key)
    this.#outcomes.set(index, outcome)
  }

  async #addWeightsOfFile(area: ResolvedArea): Promise<void> {
    if (this.#outcomes.get(area.index)!.status !== 'converged') return
    const file = this.#store.path(this.#store.folderOf(area.definition.key), this.#options.weightsFile)
    const table = await readWeightTable(file, { path: '--out', id: null, columns: ['weight'] })
    this.#sums.add(table.numbers[0]!, area.records)
  }
}

/** Each area has totals of its own: those of the shared problem stand for nothing. */
const withoutTotals = (shared: FileProblem): FileProblem => ({
  ...shared,
  targets: shared.targets.map((target) => ({ ...target, total: 1 })),
})

function formChoice(problem: FileProblem, settings: FormSettings): AreasOptions {
  switch (settings.form) {
    case 'penalty': {
      const { penalty, method, tolerance } = settings
      return { form: 'penalty', penalty: { penalty, method, tolerance, ...conduct(settings) } }
    }
    case 'bands':
      return {
        form: 'bands',
        bands: { ...bandOptions(problem, settings), method: settings.method, ...conduct(settings) },
      }
    case 'calibrate':
      return {
        form: 'calibrate',
        calibration: { ...calibrationOptions(problem, settings), ...conduct(settings) },
      }
  }
}

/** The settings of an area alone. Its patterns may match nothing but targets that it drops. */
function areaSettings(settings: FormSettings, { bounds, band, overrides }: AreaDefinition): FormSettings {
  if (settings.form !== 'bands') return { ...settings, bounds }
  const all = [...settings.overrides, ...overrides].map((override) => ({ ...override, optional: true }))
  return { ...settings, bounds, band: band ?? settings.band, overrides: all }
}

function nativeArea(area: ResolvedArea, { form }: FormSettings): Area {
  const { key, weightScale, band, overrides } = area.definition
  return {
    key,
    weightScale,
    totals: area.totals,
    bounds: boundsOf(area),
    ...(area.records === null ? {} : { records: area.records }),
    ...(form === 'bands' ? { overrides, ...(band === null ? {} : { band }) } : {}),
  }
}

/** The solver's complaint about the batch by the options of the command line. */
function inTermsOfOptions(error: unknown, shared: FileProblem, settings: FormSettings): unknown {
  if (!(error instanceof InputError)) return error
  const { code, expected, received } = error
  const ofForm = error.path.replace(/^(?:penalty|bands|calibration)\./, '')
  const path = ofForm === 'exhaustionCap' ? '--exhaustion-cap' : ofForm
  return inTermsOfFiles(new InputError(code, { path, expected, received, cause: error }), shared, settings)
}

/** The solver's complaint about an area by its place in the areas file. */
function inTermsOfFile(
  error: InputError,
  area: ResolvedArea,
  field: string,
  { targets }: FileProblem,
): InputError {
  const { code, expected, received } = error
  const place = field.replace(
    /^(?:totals|targets)\[(\d+)\](\.\w+)?/,
    (_, j) => `totals.${targets[Number(j)]?.name}`,
  )
  return new InputError(code, { path: `areas[${area.index}].${place}`, expected, received, cause: error })
}

interface AreaCertificate {
  problem: FileProblem
  data: DataSelection
  answer: AreaAnswer
  explanation: DocumentExplanation | null
  timing: { readSeconds: number; totalSeconds: number }
}

function documentOf(
  settings: FormSettings,
  { answer, explanation, timing, ...run }: AreaCertificate,
): AnyDocument {
  switch (settings.form) {
    case 'penalty':
      return certificateDocument({ ...run, settings, timing, result: answer as ReweightResult })
    case 'bands':
      return bandDocument({
        ...run,
        settings,
        timing,
        result: answer as BandResult,
        explanation,
        priorities: null,
      })
    case 'calibrate': {
      const result = answer as CalibrationResult
      const seconds = { solveSeconds: timing.totalSeconds, ...timing }
      return calibrationDocument({ ...run, settings, result, explanation, timing: seconds })
    }
  }
}

/** The page lists the targets: their totals need not stand among the options as well. */
function withoutDefinition(document: AnyDocument): AnyDocument {
  const { areas, ...data } = document.options.data as DataSelection
  const area = areas && { file: areas.file, key: areas.definition.key }
  return { ...document, options: { ...document.options, data: { ...data, areas: area } } } as AnyDocument
}

async function areaPage(
  key: string,
  problem: FileProblem,
  certificate: AnyDocument,
  result: AreaAnswer,
): Promise<string> {
  // Loaded only where it is needed: the plotting library is large.
  const { renderReport } = await import('../report/render.js')
  return renderReport({
    title: `Area ${key}`,
    certificate: withoutDefinition(certificate),
    multipliers: result.multipliers,
    weightsBefore: problem.records.designWeights,
    weightsAfter: result.weights,
    recordIds: problem.records.ids,
    recordIdName: problem.records.idColumn,
  })
}
