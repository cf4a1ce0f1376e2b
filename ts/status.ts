import {
  bandStatusSentences,
  calibrationStatusSentences,
  bandMethods as nativeBandMethods,
  calibrationDistances as nativeDistances,
  reweightMethods as nativeMethods,
  statusSentences,
} from './native/binding.cjs'

/**
 * How a solve ended. `converged` means that the independent certificate holds, whatever made the loop stop:
 * `REWEIGHT_STATUSES` has a sentence on each.
 */
export type ReweightStatus =
  | 'converged'
  | 'not_certified'
  | 'iteration_limit'
  | 'cancelled'
  | 'numerical_failure'

/**
 * - `auto`: the ladder newton → lbfgsb → clarabel; the first answer that is certified ends it
 * - `newton`: dual semismooth Newton with a double-double finish
 * - `lbfgsb`: projected limited-memory BFGS on the multipliers
 * - `clarabel`: the general interior-point solver Clarabel
 */
export type ReweightMethod = 'auto' | 'newton' | 'lbfgsb' | 'clarabel'

/** Every status with one sentence: what it means and, where it is not `converged`, what to do. */
export const REWEIGHT_STATUSES = Object.freeze(statusSentences()) as Readonly<Record<ReweightStatus, string>>

/** The names of the methods. */
export const REWEIGHT_METHODS = Object.freeze(nativeMethods()) as readonly ReweightMethod[]

/** How `solveBands` ended: as any solve, or `infeasible`, which is said only with a proof. */
export type BandStatus = ReweightStatus | 'infeasible'

/**
 * - `auto`: the ladder proximal_newton → clarabel; the first answer that is certified ends it
 * - `proximal_newton`: dual proximal Newton with a double-double finish
 * - `clarabel`: the general interior-point solver Clarabel
 */
export type BandMethod = 'auto' | 'proximal_newton' | 'clarabel'

/** How `calibrate` ended: `converged` and `infeasible` are said only with a proof. */
export type CalibrationStatus = BandStatus

/**
 * The distance G between a multiplier g and 1; g = F(q·u) at the solution, u the combination of the targets.
 *
 * - `linear`: chi-square, F(v) = 1 + v; multipliers may become negative
 * - `truncated`: the same, cut off at the bounds of the problem
 * - `raking`: F(v) = eᵛ; multipliers stay positive
 * - `logit`: strictly within the bounds of the problem, which must satisfy lower < 1 < upper
 * - `sinh`: the hyperbolic sine of Deville, Särndal and Sautory, with a parameter α
 */
export type CalibrationDistance = 'linear' | 'truncated' | 'raking' | 'logit' | 'sinh'

/** Every status of `solveBands` with one sentence. */
export const BAND_STATUSES = Object.freeze(bandStatusSentences()) as Readonly<Record<BandStatus, string>>

/** The names of the methods of `solveBands`. */
export const BAND_METHODS = Object.freeze(nativeBandMethods()) as readonly BandMethod[]

/** Every status of `calibrate` with one sentence. */
export const CALIBRATION_STATUSES = Object.freeze(calibrationStatusSentences()) as Readonly<
  Record<CalibrationStatus, string>
>

/** The names of the distances of `calibrate`. */
export const CALIBRATION_DISTANCES = Object.freeze(nativeDistances()) as readonly CalibrationDistance[]
