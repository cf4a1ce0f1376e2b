import {
  NativeReweightProblem,
  bandDefaults as nativeBandDefaults,
  calibrationDefaults as nativeCalibrationDefaults,
  reweightDefaults as nativeDefaults,
  explainDefaults as nativeExplainDefaults,
} from '../native/binding.cjs'
import { callNative, fromNative } from '../native-errors.js'
import {
  checkedCount,
  checkedCounts,
  checkedNumber,
  checkedNumbers,
  checkNames,
  optional,
  wrongType,
} from '../validate.js'
import { AreasRun } from './areas.js'
import type { Area, AreasForm, AreasOptions } from './areas-types.js'
import { nativeBandOptions } from './bands-options.js'
import type {
  BandCertification,
  BandDefaults,
  BandOptions,
  BandResult,
  BandSyncOptions,
  PriorityResult,
} from './bands-types.js'
import { nativeCalibrationAnswer, nativeCalibrationOptions } from './calibration-options.js'
import type {
  CalibrationAnswer,
  CalibrationCertification,
  CalibrationDefaults,
  CalibrationInfeasibility,
  CalibrationOptions,
  CalibrationResult,
  CalibrationSyncOptions,
} from './calibration-types.js'
import { problemOfChunks } from './chunks.js'
import type { ChunkedOptions, ReweightChunk } from './chunks-types.js'
import { checkControl, underControl } from './control.js'
import { nativeAnswer, nativeChange, nativeOptions, nativeProblem } from './convert.js'
import { nativeExplainOptions } from './explain-options.js'
import type { ExplainDefaults, ExplainOptions, Explanation } from './explain-types.js'
import { formNames, nativeForm } from './form-choice.js'
import { type IntegerOptions, type IntegerResult, nativeIntegerOptions } from './integer.js'
import type { ReplicateBatch, ReplicateOptions } from './replicates-types.js'
import type {
  Certification,
  ReweightAnswer,
  ReweightChange,
  ReweightData,
  ReweightDefaults,
  ReweightOptions,
  ReweightResult,
  ReweightSyncOptions,
} from './types.js'

/**
 * A reweighting problem in native memory: its data are copied and checked once, and solved many times.
 *
 * ```ts
 * using problem = new ReweightProblem({
 *   matrix: { format: 'columns', columns: [[1, 1, 1, 1], [0, 2, 1, 0]] },
 *   designWeights: [100, 120, 80, 100],
 *   targets: [{ name: 'households', total: 420 }, { name: 'children', total: 400 }],
 * })
 * const { status, weights } = await problem.solve({ penalty: 1e-6 })
 * ```
 *
 * Without `using` (TypeScript, or JavaScript on Node 24) or `dispose()` the memory is freed when the object is garbage.
 */
export class ReweightProblem implements Disposable {
  readonly #native: NativeReweightProblem
  /** n */
  readonly numRecords: number
  /** k */
  readonly numTargets: number
  /** Entries of the matrix that are not zero. */
  readonly numNonzeros: number

  /** @throws {InputError} at the first fault of the data. */
  constructor(data: ReweightData)
  /** @internal */
  constructor(native: NativeReweightProblem)
  constructor(data: ReweightData | NativeReweightProblem) {
    this.#native = data instanceof NativeReweightProblem ? data : nativeProblem(data)
    const { numRecords, numTargets, numNonzeros } = this.#native
    this.numRecords = numRecords
    this.numTargets = numTargets
    this.numNonzeros = numNonzeros
  }

  /**
   * A problem whose records come in chunks, one after the other: all of them are never in JavaScript's memory, and with
   * `storage: { folder }` the matrix is not in memory at all.
   *
   * ```ts
   * async function* chunks() {
   *   for await (const block of readSomehow()) yield { designWeights: block.weights, matrix: block.rows }
   * }
   * using problem = await ReweightProblem.fromChunks(chunks(), { targets, storage: { folder: '/var/tmp' } })
   * ```
   *
   * What `chunks` throws is thrown unchanged; whatever is thrown, nothing is left behind.
   * @throws {InputError} at the first fault of the data, such as `chunks[3].designWeights[7]`.
   */
  static async fromChunks(
    chunks: Iterable<ReweightChunk> | AsyncIterable<ReweightChunk>,
    options: ChunkedOptions,
  ): Promise<ReweightProblem> {
    return new ReweightProblem(await problemOfChunks(chunks, options))
  }

  /**
   * Solves on a thread of its own; any number of solves may run at the same time. A limit, a cancellation and a numerical
   * failure are a `status` of the result.
   * @throws {InputError} for a wrong option.
   */
  async solve(options: ReweightOptions = {}): Promise<ReweightResult> {
    const native = nativeOptions(options)
    return underControl(options, (control) => this.#native.solve(native, control))
  }

  /** Solves on this thread, which does nothing else meanwhile. */
  solveSync(options: ReweightSyncOptions = {}): ReweightResult {
    const native = nativeOptions(options, true)
    return callNative(() => this.#native.solveSync(native)) as ReweightResult
  }

  /**
   * Solves for each penalty in turn, each from the dual values of the one before. `options.penalty` is not used.
   * @returns one result per penalty, in their order.
   */
  async sweep(penalties: ArrayLike<number>, options: ReweightOptions = {}): Promise<ReweightResult[]> {
    const numbers = checkedNumbers('penalties', penalties)
    const native = nativeOptions(options)
    return underControl(options, (control) => this.#native.sweep(numbers, native, control))
  }

  /** The independent check alone, on an answer of `solve` from anywhere. */
  certify(answer: ReweightAnswer, options: { penalty: number; threads?: number }): Certification {
    checkNames('options', options, ['penalty', 'threads'])
    const native = nativeAnswer(answer)
    const penalty = checkedNumber('penalty', options.penalty)
    const threads = options.threads === undefined ? null : checkedCount('threads', options.threads)
    return callNative(() => this.#native.certify(native, penalty, threads)) as Certification
  }

  /**
   * The band form: multipliers near 1 that bring every total into its band, or near it at a price. Runs like `solve`; that hard
   * bands cannot hold together is the status `infeasible`, with a proof in the result.
   * @throws {InputError} for a wrong option.
   */
  async solveBands(options: BandOptions = {}): Promise<BandResult> {
    const native = nativeBandOptions(options)
    return underControl(options, (control) => this.#native.solveBands(native, control))
  }

  /** `solveBands` on this thread, which does nothing else meanwhile. */
  solveBandsSync(options: BandSyncOptions = {}): BandResult {
    const native = nativeBandOptions(options, true)
    return callNative(() => this.#native.solveBandsSync(native)) as BandResult
  }

  /**
   * Meets the bands in the order of their ranks (k whole numbers, the least first): each rank as far as the earlier ones leave room,
   * then as close to the design weights as that leaves. Elastic weights play no part; importance weighs the targets inside a rank.
   * Runs like `solve`. The status of the answer is `converged` only if every rank is proven to be met as far as can be.
   * @throws {InputError} for wrong ranks or a wrong option.
   */
  async solveBandsByPriority(ranks: ArrayLike<number>, options: BandOptions = {}): Promise<PriorityResult> {
    const numbers = checkedCounts('ranks', ranks)
    const native = nativeBandOptions(options)
    return underControl(options, (control) => this.#native.solveBandsByPriority(numbers, native, control))
  }

  /**
   * The independent check alone, on an answer of `solveBands` from anywhere. Without its dual values the bound is weak, and says
   * nothing of hard bands that press. Of the options, those of the method play no part.
   */
  certifyBands(answer: ReweightAnswer, options: BandSyncOptions = {}): BandCertification {
    const native = nativeAnswer(answer)
    const bands = nativeBandOptions(options, true)
    return callNative(() => this.#native.certifyBands(native, bands)) as BandCertification
  }

  /**
   * Checks a proof that hard bands cannot hold together, as `infeasibility.direction` of a result (k, 0 at every elastic target).
   * @returns what it is worth after every rounding error: positive means proven.
   */
  certifyBandInfeasibility(direction: ArrayLike<number>, options: BandSyncOptions = {}): number {
    const numbers = checkedNumbers('direction', direction)
    const bands = nativeBandOptions(options, true)
    return callNative(() => this.#native.certifyBandInfeasibility(numbers, bands))
  }

  /**
   * Calibration: the multipliers nearest to 1, as a distance says, that meet the totals exactly. The scales of the targets are not
   * used; the bounds only by the distances `truncated` and `logit`. Runs like `solve`; totals that no weights meet are the
   * status `infeasible`, with a proof in the result.
   * @throws {InputError} for a wrong option.
   */
  async calibrate(options: CalibrationOptions = {}): Promise<CalibrationResult> {
    const native = nativeCalibrationOptions(options)
    return underControl(options, (control) => this.#native.calibrate(native, control))
  }

  /** `calibrate` on this thread, which does nothing else meanwhile. */
  calibrateSync(options: CalibrationSyncOptions = {}): CalibrationResult {
    const native = nativeCalibrationOptions(options, true)
    return callNative(() => this.#native.calibrateSync(native)) as CalibrationResult
  }

  /**
   * The independent check alone, on calibrated multipliers from anywhere. Without their λ the bound is weaker. Of the options, those of
   * the method play no part.
   */
  certifyCalibration(
    answer: CalibrationAnswer,
    options: CalibrationSyncOptions = {},
  ): CalibrationCertification {
    const native = nativeCalibrationAnswer(answer)
    const form = nativeCalibrationOptions(options, true)
    return callNative(() => this.#native.certifyCalibration(native, form)) as CalibrationCertification
  }

  /**
   * Checks a combination of the targets (k) as a proof that the exact totals cannot be met, as `infeasibility.combination` of a
   * result.
   * @returns what it proves, every rounding counted; null if it proves nothing.
   */
  certifyCalibrationInfeasibility(
    combination: ArrayLike<number>,
    options: CalibrationSyncOptions = {},
  ): CalibrationInfeasibility | null {
    const numbers = checkedNumbers('combination', combination)
    const native = nativeCalibrationOptions(options, true)
    const proof = callNative(() => this.#native.certifyCalibrationInfeasibility(numbers, native))
    return proof as CalibrationInfeasibility | null
  }

  /**
   * Explains whether the bands can hold together: the hard ones or, where none is, all as if they were hard. Finds the
   * smallest sets of targets that contradict one another, with the records whose bounds press, and the cheapest ways out. Runs
   * like `solve`, under the control of `options`.
   * @throws {InputError} for a wrong option.
   */
  async explainBands(bands: BandSyncOptions = {}, options: ExplainOptions = {}): Promise<Explanation> {
    const [form, native] = [nativeBandOptions(bands, true), nativeExplainOptions(options)]
    return underControl(options, (control) => this.#native.explainBands(form, native, control))
  }

  /** Explains in the same way whether the exact totals of a calibration can be met. */
  async explainCalibration(
    calibration: CalibrationSyncOptions = {},
    options: ExplainOptions = {},
  ): Promise<Explanation> {
    const [form, native] = [nativeCalibrationOptions(calibration, true), nativeExplainOptions(options)]
    return underControl(options, (control) => this.#native.explainCalibration(form, native, control))
  }

  /**
   * Reweights each column of replicate design weights (jackknife, bootstrap, half-samples; n each, ≥ 0) to the same targets in one
   * form. A record whose weight is 0 in a replicate keeps 0 there. A replicate without an answer is reported and stops no other.
   * `standardErrors` takes it from there.
   * @throws {InputError} for a wrong column or option.
   */
  async solveReplicates(
    columns: readonly ArrayLike<number>[],
    options: ReplicateOptions,
  ): Promise<ReplicateBatch> {
    if (!Array.isArray(columns)) throw wrongType('replicates', 'an array of columns', columns)
    const replicates = columns.map((column, r) => checkedNumbers(`replicates[${r}]`, column))
    checkNames('options', options, [...formNames, 'threads', 'signal', 'onProgress'])
    checkControl(options)
    const form = nativeForm(options)
    const threads = optional(options, 'threads', checkedCount)
    return underControl(options, ({ token, onProgress }) =>
      this.#native.solveReplicates(replicates, form, threads, token, onProgress),
    )
  }

  /**
   * Solves many areas over this matrix, side by side, each on one thread: the answers are those of the areas solved alone, whatever
   * their order and the number of threads. An area that fails is a result with its status.
   *
   * ```ts
   * const run = problem.solveAreas(areas, { form: 'bands' })
   * for await (const { key, status, result } of run) console.log(key, status, result?.digest)
   * const { exhaustion } = await run.summary()
   * ```
   * @throws {InputError} at the first fault of the list or the options, before anything is solved.
   */
  solveAreas<F extends AreasForm>(areas: readonly Area[], options: AreasOptions<F>): AreasRun<F> {
    return new AreasRun(this.#native, areas, options)
  }

  /**
   * Rounds weights (n, each ≥ 0), such as those of an answer, to integers on a thread of its own: each to its floor or ceiling, with
   * the sums of cells and the totals of the targets controlled. Whether the totals stay within the distance asked for is the
   * status of the result.
   * @throws {InputError} for a wrong weight or option.
   */
  async integerWeights(weights: ArrayLike<number>, options: IntegerOptions = {}): Promise<IntegerResult> {
    const numbers = checkedNumbers('weights', weights)
    const native = nativeIntegerOptions(options)
    try {
      return (await this.#native.integerWeights(numbers, native)) as IntegerResult
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * Replaces design weights, targets or bounds; the matrix stays. If it throws, nothing has changed. Running solves keep the
   * data that they began with.
   */
  update(change: ReweightChange): void {
    const native = nativeChange(change)
    callNative(() => this.#native.update(native))
  }

  /** Frees the memory; solves that are running end as they would. */
  dispose(): void {
    this.#native.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Solves one problem once: `new ReweightProblem(data).solve(options)`. */
export async function reweight(data: ReweightData, options: ReweightOptions = {}): Promise<ReweightResult> {
  using problem = new ReweightProblem(data)
  return await problem.solve(options)
}

/** The defaults of options and bounds. */
export function reweightDefaults(): ReweightDefaults {
  return nativeDefaults() as ReweightDefaults
}

/** The defaults of `solveBands`. */
export function bandDefaults(): BandDefaults {
  return nativeBandDefaults() as BandDefaults
}

/** The defaults of `calibrate`. */
export function calibrationDefaults(): CalibrationDefaults {
  return nativeCalibrationDefaults() as CalibrationDefaults
}

/** The defaults of `explainBands` and `explainCalibration`. */
export function explainDefaults(): ExplainDefaults {
  return nativeExplainDefaults() as ExplainDefaults
}
