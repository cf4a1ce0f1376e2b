import { reweightMethods as nativeMethods, statusSentences } from './native/binding.cjs'

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
