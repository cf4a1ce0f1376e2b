import {
  type CancelToken,
  minimizeOuterStart,
  type Notices,
  minimizeOuterSync as nativeMinimizeSync,
} from '../native/binding.cjs'
import type { Ended } from '../objective/evaluation.js'
import { runDirect, runSession } from '../objective/run.js'
import { OUTER_STOP_REASONS } from './defaults.js'
import { type OuterFailureDetails, OuterSearchError } from './errors.js'
import { bestPoints } from './interrupted.js'
import { ObjectiveAnswers } from './objective.js'
import type { OuterObjective } from './objective-types.js'
import { checkObjective, nativeHooks, nativeOuterOptions } from './options.js'
import type { OuterResult } from './result-types.js'
import type { OuterOptions, OuterSyncOptions } from './types.js'

/** What the native side returns. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: NativeResult }
  | { readonly kind: 'stopped'; readonly best: NativeResult | null }
  | ({ readonly kind: 'failed'; readonly best: NativeResult | null } & Omit<OuterFailureDetails, 'best'>)

type NativeResult = Omit<OuterResult, 'message'>

/**
 * Minimises an expensive criterion F(θ) over a few to a few thousand parameters, with the solver that fits what the objective can compute, from
 * several starts, with fallbacks that hide nothing, and ends with one stated reason and a certificate.
 *
 * ```ts
 * const { rho, stopReason, criterionCertificate } = await minimizeOuter(
 *   {
 *     gradient: 'analytic',
 *     evaluate: async (theta) => ({ value: await criterion(theta), gradient: await slope(theta) }),
 *   },
 *   { initialRho: [0, 0] },
 * )
 * ```
 *
 * Runs on a thread of its own and asks for evaluations by message; the event loop turns meanwhile. What the objective throws, unless it is a
 * `RejectedPoint`, ends the run and is thrown by it, unchanged; `interruptedResult` has the best point of that run.
 *
 * @throws {InputError} for wrong options or values of a wrong kind.
 * @throws {OuterSearchError} where no solver fits, or every start failed.
 */
export async function minimizeOuter(
  objective: OuterObjective,
  options: OuterOptions = {},
): Promise<OuterResult> {
  checkObjective(objective)
  const native = nativeOuterOptions(options, objective, false)
  const hooks = nativeHooks(objective)
  const { answer } = new ObjectiveAnswers(objective)
  const start = (dispatch: never, wake: () => void, notices: Notices, token: CancelToken) =>
    minimizeOuterStart(dispatch, wake, native, hooks, notices, token)
  return settled(await runSession<Outcome>(answer, options, options.signal, start as never), options)
}

/** `minimizeOuter` on this thread, for objectives that return at once. */
export function minimizeOuterSync(objective: OuterObjective, options: OuterSyncOptions = {}): OuterResult {
  checkObjective(objective)
  const native = nativeOuterOptions(options, objective, true)
  const hooks = nativeHooks(objective)
  const { answer } = new ObjectiveAnswers(objective)
  const solve = (dispatch: never, notices: Notices) => nativeMinimizeSync(dispatch, native, hooks, notices)
  return settled(runDirect<Outcome>(answer, options, solve as never), options)
}

/** The result of a run, or its exception. */
export function settled(
  { outcome, thrown }: Ended<Outcome | undefined>,
  options: Pick<OuterOptions, 'signal' | 'onInterrupted'>,
): OuterResult {
  if (thrown !== undefined) {
    const best = outcome === undefined ? null : 'result' in outcome ? outcome.result : outcome.best
    bestPoints.remember(thrown.value, best && readable(best), options.onInterrupted)
    throw thrown.value
  }
  switch (outcome?.kind) {
    case 'result':
      return readable(outcome.result)
    case 'failed': {
      const { best, ...details } = outcome
      if (details.code === 'cancelled') options.signal?.throwIfAborted()
      throw new OuterSearchError({ ...details, best: best && readable(best) })
    }
    case 'stopped':
      // The run was aborted while it waited for an answer.
      if (outcome.best !== null)
        return readable({ ...outcome.best, stopReason: 'cancelled', converged: false })
      options.signal?.throwIfAborted()
  }
  const message = 'the run was stopped before any point was evaluated'
  throw new OuterSearchError({ code: 'cancelled', message, seeds: null, best: null, lowest: null })
}

/** Vectors as typed arrays, and the stop reason in words. */
function readable(native: NativeResult): OuterResult {
  const vector = (numbers: ArrayLike<number> | null) => numbers && Float64Array.from(numbers)
  const certificate = native.criterionCertificate
  return {
    ...native,
    rho: Float64Array.from(native.rho),
    finalGradient: vector(native.finalGradient),
    finalHessian: vector(native.finalHessian),
    innerBeta: vector(native.innerBeta),
    criterionCertificate: certificate && {
      ...certificate,
      direction: Float64Array.from(certificate.direction),
    },
    message: OUTER_STOP_REASONS[native.stopReason],
  }
}
