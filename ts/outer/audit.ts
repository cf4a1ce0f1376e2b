import { InputError } from '../errors.js'
import { auditOuterGradientStart, auditOuterGradientSync as nativeAuditSync } from '../native/binding.cjs'
import type { Ended } from '../objective/evaluation.js'
import { runDirect, runSession } from '../objective/run.js'
import { checkedNumber, checkedNumbers, isObject, notFinite, wrongType } from '../validate.js'
import { OuterSearchError } from './errors.js'
import { ObjectiveAnswers } from './objective.js'
import type { OuterObjective } from './objective-types.js'
import { checkObjective, nativeHooks, nativeOuterOptions } from './options.js'

/** One coordinate of an audit. */
export interface CoordinateAudit {
  /** The gradient's entry. */
  readonly analytic: number
  /** (F(θ + h eᵢ) − F(θ − h eᵢ))/2h */
  readonly difference: number
  /** Their distance. */
  readonly gap: number
  /** analytic/difference, where the difference is above 1e-12. */
  readonly ratio: number | null
}

/** A gradient against differences of values, coordinate by coordinate. */
export interface GradientAudit {
  /** `desync`: the gradient is not that of the criterion; `flatness`: it is, and the Hessian has an eigenvalue near 0. */
  readonly verdict: 'desync' | 'flatness' | 'clean'
  readonly coordinates: readonly CoordinateAudit[]
  /** The coordinate of the largest gap. */
  readonly worst: number | null
  /** 2-norm of the gradient in ρ. */
  readonly rhoGradientNorm: number
  /** 2-norm of the gradient in ψ. */
  readonly psiGradientNorm: number
  /** Eigenvalues of the Hessian, ascending; null where the objective gives none. */
  readonly hessianEigenvalues: readonly number[] | null
}

/** Where and how to look. */
export interface GradientAuditOptions {
  /** h > 0, the step of the differences; about 1e-5 times the size of θ is a good value. */
  readonly step: number
  /** Length of the trailing block ψ. */
  readonly psiDim?: number
}

export interface GradientAuditAsyncOptions extends GradientAuditOptions {
  readonly signal?: AbortSignal
}

type Audited =
  | { readonly kind: 'audit'; readonly audit: GradientAudit }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string }

/**
 * For whoever writes an objective: compares its gradient at θ with central differences in every coordinate, by one full evaluation and 2n values.
 * What the objective throws is thrown, unless it is a `RejectedPoint`.
 *
 * @throws {InputError} for a wrong θ, step or objective.
 * @throws {OuterSearchError} where the objective rejects one of the points, or its gradient has another length.
 */
export async function auditOuterGradient(
  objective: OuterObjective,
  theta: ArrayLike<number>,
  options: GradientAuditAsyncOptions,
): Promise<GradientAudit> {
  const { signal, ...rest } = checkedOptions(options)
  const { native, hooks, point, step } = checked(objective, theta, rest)
  const { answer } = new ObjectiveAnswers(objective)
  const start = (dispatch: never, wake: () => void) =>
    auditOuterGradientStart(dispatch, wake, native, hooks, point, step)
  const ended = await runSession<Audited>(answer, {}, signal, start as never)
  if (ended.thrown === undefined) signal?.throwIfAborted()
  return audited(ended)
}

/** `auditOuterGradient` on this thread, for objectives that return at once. */
export function auditOuterGradientSync(
  objective: OuterObjective,
  theta: ArrayLike<number>,
  options: GradientAuditOptions,
): GradientAudit {
  const { native, hooks, point, step } = checked(objective, theta, options)
  const { answer } = new ObjectiveAnswers(objective)
  const solve = (dispatch: never) => nativeAuditSync(dispatch, native, hooks, point, step)
  return audited(runDirect<Audited>(answer, {}, solve as never))
}

function checked(objective: OuterObjective, theta: ArrayLike<number>, options: GradientAuditOptions) {
  checkObjective(objective)
  const point = checkedNumbers('theta', theta)
  const bad = point.findIndex((t) => !Number.isFinite(t))
  if (bad >= 0) throw notFinite(`theta[${bad}]`, point[bad]!)
  const { step: given, ...rest } = checkedOptions(options)
  const step = checkedNumber('step', given)
  if (!(step > 0 && step < Number.POSITIVE_INFINITY))
    throw new InputError('out_of_range', {
      path: 'step',
      expected: 'a positive number',
      received: String(step),
    })
  const native = nativeOuterOptions({ ...rest, numParams: point.length }, objective, true)
  return { native, hooks: nativeHooks(objective), point, step }
}

function checkedOptions<T>(options: T): T {
  if (!isObject(options)) throw wrongType('options', 'an object', options)
  return options
}

function audited({ outcome, thrown }: Ended<Audited | undefined>): GradientAudit {
  if (thrown !== undefined) throw thrown.value
  if (outcome?.kind === 'audit') return outcome.audit
  const message = outcome?.kind === 'failed' ? outcome.message : 'the audit was stopped'
  throw new OuterSearchError({ code: 'objective', message, seeds: null, best: null, lowest: null })
}
