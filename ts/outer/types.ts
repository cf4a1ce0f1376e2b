import type { HessianSource, OuterPlan, OuterSolver } from './objective-types.js'
import type { OuterResult } from './result-types.js'

/** What kind of model the criterion belongs to: where seeds lie, and how many a solver may use. */
export type RiskProfile = 'gaussian' | 'generalizedLinear' | 'survival'

/** The seeds of a search. `outerDefaults` has the defaults. */
export interface OuterSeedConfig {
  /** Seeds are clamped to [lower, upper]. */
  readonly bounds?: readonly [lower: number, upper: number]
  readonly maxSeeds?: number
  /** Number of seeds that a solver may start from in one attempt. */
  readonly seedBudget?: number
  /** Cap on inner iterations in the first stage of screening. */
  readonly screenMaxInnerIterations?: number
  readonly riskProfile?: RiskProfile
  /** Number of trailing coordinates that every seed takes from `heuristic` (else 0). */
  readonly numAuxiliaryTrailing?: number
  /** A value at which one more seed has all its smoothing coordinates. */
  readonly overSmoothingProbeRho?: number
}

/** How much the assessment of uncertainty may cost. */
export interface OuterUncertaintyOptions {
  readonly enabled?: boolean
  /** Number of draws. */
  readonly numDraws?: number
  /** Largest number of ρ coordinates that are assessed. */
  readonly maxCoordinates?: number
  /** Largest work (draws + 1) · coordinates · observations · coefficients. */
  readonly maxWork?: number
}

/** A session with a store in a folder, which several processes may share. */
export interface OuterCacheSession {
  readonly directory: string
  /** Identifies model and data: it must change whenever the criterion does. Put digests of the data and the options into it. */
  readonly key: string
  /** Entries older than this are not used and are removed. */
  readonly timeToLiveSeconds?: number
  /** The oldest entries are removed while all together have more bytes. */
  readonly sizeBudgetBytes?: number
  /** Age from which a checkpoint as good as the last is written again. */
  readonly rewriteSeconds?: number
}

/**
 * The answer of this very problem is returned at once, after its value was checked; a checkpoint is where the search goes on. A checkpoint never replaces
 * a better one, and a crash leaves the old file or the new one.
 */
export interface OuterCache extends OuterCacheSession {
  /** The key of a model like this one: its best point is the start where there is nothing else. */
  readonly nearKey?: string
  /** Further sessions that get every checkpoint and the answer, but are not read. */
  readonly mirrors?: readonly OuterCacheSession[]
}

/**
 * What is asked of the search; every option but the number of parameters has a default (`outerDefaults`).
 *
 * θ is stationary where maxᵢ |P(θ − g)ᵢ − θᵢ| ≤ max(tolerance, 1e-9 · objectiveScale, relCostTolerance · (1 + |F|)), P the projection onto the
 * bounds, or where the Newton decrement is below its limit; and no negative curvature can be resolved.
 */
export interface OuterSyncOptions {
  /** n, the length of θ; unless given, the length of `initialRho`, `heuristic` or `bounds`. */
  readonly numParams?: number
  /** Length of the trailing block ψ. */
  readonly psiDim?: number
  /** An explicit start (n). */
  readonly initialRho?: ArrayLike<number>
  /** An anchor for the seeds (n): the first of them. */
  readonly heuristic?: ArrayLike<number>
  /** Bounds of θ: numbers for all coordinates, or n each; infinite where there is none. */
  readonly bounds?: readonly [lower: number | ArrayLike<number>, upper: number | ArrayLike<number>]
  /** Without `bounds` every coordinate lies within ± this. */
  readonly rhoBound?: number
  /** Absolute tolerance of the projected gradient and of fixed-point steps. */
  readonly tolerance?: number
  /** The same relative to 1 + |F|; as `tolerance` unless given. */
  readonly relCostTolerance?: number
  /** Largest number of outer iterations of one solver run. With 1 there is no certificate. */
  readonly maxIter?: number
  readonly seedConfig?: OuterSeedConfig
  /** Whether a failed fixed point is followed by a solver that uses gradients. */
  readonly fallbackPolicy?: 'automatic' | 'disabled'
  /** Lets screening rank an explicit start behind other seeds even where only one may be used. */
  readonly screenInitialRho?: boolean
  /** Limits inner solves far from the solution, by what evaluations report in `innerSolve`. */
  readonly innerCapSchedule?: boolean
  /** A preference that is carried along and changes no plan. */
  readonly preferGradientOnly?: boolean
  /** Forbids fixed points. */
  readonly disableFixedPoint?: boolean
  /** First radius of the matrix-free trust region. */
  readonly operatorInitialTrustRadius?: number
  /** First σ of the cubic regularisation. */
  readonly arcInitialRegularization?: number
  /** The size of the criterion: the gradient need not be below 1e-9 times it. */
  readonly objectiveScale?: number
  /** Longest step of BFGS in a ρ coordinate; 5 is a good value. */
  readonly bfgsStepCap?: number
  /** The same in a ψ coordinate; 1 is a good value. */
  readonly bfgsStepCapPsi?: number
  /** Quasi-Newton with this many pairs of vectors (L-BFGS-B) instead of a dense matrix. */
  readonly limitedMemory?: number
  /** Axes that the fixed point at frontier scale couples by a Newton step; needs operator Hessians. */
  readonly borderAxes?: ArrayLike<number>
  /** Size of the inner problem: observations, coefficients. */
  readonly problemSize?: { readonly numObservations: number; readonly numCoefficients: number }
  /** Whether objectives that allow it are walked to each seed from heavier smoothing. */
  readonly continuationPrewarm?: boolean
  /** How much the assessment of the uncertainty of ρ may cost. */
  readonly uncertainty?: OuterUncertaintyOptions
  /** Answers and checkpoints of earlier runs, in a folder. */
  readonly cache?: OuterCache
  /**
   * A key for each ρ coordinate, made of its content alone (a number of 64 bits, or its 16 hexadecimal digits as from `digest`): the search runs in
   * the order of the keys, so that the order in which the terms of a model were written changes no bit.
   */
  readonly canonicalKeys?: BigUint64Array | readonly (bigint | string)[]
  /** Names the run, and takes part in the choice of the direction that the certificate looks along. */
  readonly context?: string
  readonly timeLimitSeconds?: number
  /** Called with every iteration, in order, between evaluations. What it throws ends the run and is thrown. */
  readonly onIteration?: (record: OuterIteration) => void
  /** Called with every event, iterations included, in order, between evaluations. */
  readonly onEvent?: (event: OuterEvent) => void
  /** Called with the best point, or null, where something that was thrown ends the run, before that is thrown on. */
  readonly onInterrupted?: (best: OuterResult | null) => void
}

export interface OuterOptions extends OuterSyncOptions {
  /** Ends the run with its best point and the stop reason `cancelled`. An evaluation that is under way is not waited for. */
  readonly signal?: AbortSignal
}

/** Why a run ended: `OUTER_STOP_REASONS` has a sentence on each. */
export type OuterStopReason =
  | 'converged'
  | 'terminalSeed'
  | 'cachedFinal'
  | 'iterationBudget'
  | 'rejectFloor'
  | 'costStallFlatValley'
  | 'routingMismatch'
  | 'lineSearchFailed'
  | 'roundingLimit'
  | 'fixedPointStalled'
  | 'firstOrderFallback'
  | 'notFinite'
  | 'notStationary'
  | 'criterionBroken'
  | 'cancelled'

/** One outer iteration. */
export interface OuterIteration {
  /** Number of the attempt, from 0. */
  readonly attempt: number
  /** Index of the seed in its attempt. */
  readonly seed: number
  /** Iteration within the solver run; 0 is the start. */
  readonly iteration: number
  readonly value: number
  /** maxᵢ |P(θ − g)ᵢ − θᵢ|; null for fixed points. */
  readonly projectedGradientNorm: number | null
  /** Largest entry of the step that led here; null at the start. */
  readonly stepNorm: number | null
}

/** A defect of the inner problem. */
export interface StructuralFailure {
  readonly diagnosis: string
  readonly block: string
  readonly magnitude: number | null
}

/** A seed that gave no result. */
export interface SeedRejection {
  readonly seed: number
  readonly phase: 'validation' | 'solver'
  readonly reason: string
  readonly structural: StructuralFailure | null
}

/** How all seeds of an attempt failed. */
export interface SeedFailure {
  readonly context: string
  readonly generated: number
  readonly screened: number
  readonly validated: number
  readonly started: number
  readonly rejections: readonly SeedRejection[]
  readonly commonCause: StructuralFailure | null
  readonly earlyExit: string | null
}

/** Why a fixed point handed over to a solver that uses gradients. */
export type FallbackReason =
  | {
      readonly reason: 'barrierSignificant' | 'barrierConcentrated' | 'noAcceptableStep' | 'psiStagnation'
    }
  | { readonly reason: 'psiNotStationary'; readonly step: number; readonly gradient: number }
  | { readonly reason: 'objective'; readonly message: string }

/** What happens during a run, told by `event`. */
export type OuterEvent =
  | {
      readonly event: 'plan'
      readonly context: string
      readonly attempt: number
      readonly nParams: number
      readonly gradient: boolean
      readonly hessian: boolean
      readonly solver: OuterSolver
      readonly hessianSource: HessianSource
      readonly notes: readonly string[]
    }
  | {
      readonly event: 'screening'
      readonly cap: number
      readonly finite: number
      readonly evaluated: number
    }
  | { readonly event: 'seeds'; readonly count: number; readonly budget: number; readonly screened: boolean }
  | {
      readonly event: 'seedStarted'
      readonly seed: number
      readonly theta: readonly number[]
      readonly value: number
    }
  | ({ readonly event: 'seedRejected' } & SeedRejection)
  | ({ readonly event: 'iteration' } & OuterIteration)
  | { readonly event: 'retry'; readonly retry: number; readonly projectedGradientNorm: number }
  | { readonly event: 'fallback'; readonly reason: FallbackReason }
  | { readonly event: 'note'; readonly topic: string; readonly text: string }
  | {
      readonly event: 'attemptEnded'
      readonly attempt: number
      readonly plan: OuterPlan
      readonly stopReason: OuterStopReason | null
      readonly value: number | null
    }
  | { readonly event: 'certificate'; readonly clean: boolean; readonly summary: string }
  | { readonly event: 'brokenCriterion'; readonly summary: string }
  | {
      readonly event: 'finished'
      readonly stopReason: OuterStopReason
      readonly converged: boolean
      readonly value: number
      readonly iterations: number
    }
