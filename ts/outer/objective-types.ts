/** How much of an evaluation is asked for; more may be given. */
export type EvaluationOrder = 'value' | 'valueAndGradient' | 'valueGradientHessian'

/** What an evaluation is told beside θ. */
export interface InnerLimit {
  /** Largest number of inner iterations; 0: no limit. Not 0 only with `screeningProxy` or the option `innerCapSchedule`. */
  readonly maxInnerIterations: number
}

/** What the inner solve was like; read with the option `innerCapSchedule`. */
export interface InnerSolve {
  readonly iterations: number
  readonly converged: boolean
  /** Residual of the predictor that started it. */
  readonly residual?: number
  /** Ratio of actual to predicted decrease. */
  readonly gainRatio?: number
}

/** A symmetric matrix known by its products with vectors. */
export interface HessianOperator {
  /** Number of rows. */
  readonly dimension: number
  /** Hv. */
  product(v: Float64Array): ArrayLike<number> | PromiseLike<ArrayLike<number>>
  /** HV for several vectors at once; without it one product follows the other. */
  products?(
    columns: readonly Float64Array[],
  ): readonly ArrayLike<number>[] | PromiseLike<readonly ArrayLike<number>[]>
}

/** An evaluation at θ. */
export interface OuterEvaluation {
  /** The criterion; Infinity says that θ is infeasible, NaN rejects the point. */
  readonly value: number
  /** n numbers. */
  readonly gradient?: ArrayLike<number>
  /** n² numbers, or n rows of n, or products with vectors. */
  readonly hessian?: ArrayLike<number> | readonly ArrayLike<number>[] | HessianOperator
  /** Inner coefficients that an evaluation nearby may start from: they are offered to `seedInnerState`. */
  readonly innerState?: ArrayLike<number>
  readonly innerSolve?: InnerSolve
}

/** A fixed-point evaluation at θ. */
export interface FixedPointEvaluation {
  /** The criterion. */
  readonly value: number
  /** Added to θ (n). For ρ the Fellner–Schall step is ln(1 − 2gᵢ/qᵢ), qᵢ the curvature scale of the penalty. */
  readonly steps: ArrayLike<number>
  readonly innerState?: ArrayLike<number>
  /** The gradient in ψ. */
  readonly psiGradient?: ArrayLike<number>
  /** The indices in θ that `psiGradient` speaks of. */
  readonly psiIndices?: ArrayLike<number>
  /** Curvature scale of the inner Hessian, to which a barrier is compared. */
  readonly innerHessianScale?: number
  /** Width of the enclosure of the log determinant, where it is only bounded. */
  readonly logDeterminantGap?: number
  /** Barrier slacks at the inner solution; without them they are taken from `innerState`. */
  readonly barrierSlacks?: ArrayLike<number>
  readonly innerSolve?: InnerSolve
}

/** What became of inner coefficients: taken, no place for them, or of a length that does not fit. */
export type SeedOutcome = 'installed' | 'noSlot' | 'incompatible'

/** The barrier −τ Σⱼ ln(slackⱼ) over some inner coefficients, slackⱼ = signⱼ·(βⱼ − boundⱼ). */
export interface Barrier {
  /** Weight τ, > 0. */
  readonly tau?: number
  /** Indices of the constrained inner coefficients (m). */
  readonly constrainedIndices: ArrayLike<number>
  /** Their bounds (m). */
  readonly lowerBounds: ArrayLike<number>
  /** 1 where the coefficient stays above its bound, the default, −1 where it stays below (m). */
  readonly boundSigns?: ArrayLike<number>
}

/** The solver and the source of its curvature. */
export interface OuterPlan {
  readonly solver: OuterSolver
  readonly hessianSource: HessianSource
}

/** Second order (cubic regularisation or trust region), quasi-Newton, and three fixed points. */
export type OuterSolver = 'arc' | 'bfgs' | 'efs' | 'hybridEfs' | 'frontierEfs'
export type HessianSource = 'analytic' | 'bfgsApprox' | 'efsFixedPoint' | 'hybridEfsFixedPoint'

type Maybe<T> = T | PromiseLike<T>

/**
 * A criterion F(θ) to be minimised, and what it can compute. θ is an array that the next evaluation overwrites: copy what is to be kept. Every
 * function may return a promise, unless the call is `minimizeOuterSync`. A `RejectedPoint` that a function throws rejects the
 * point; anything else ends the run and is thrown by it, the very same value.
 */
export interface OuterObjective {
  /** The criterion and as much else as `order` asks for. A number stands for a record with only a value. */
  evaluate(
    theta: Float64Array,
    order: EvaluationOrder,
    limit: InnerLimit,
  ): Maybe<number> | Maybe<OuterEvaluation>
  /** `analytic`: `evaluate` gives gradients. */
  readonly gradient?: 'analytic' | 'unavailable'
  /** The form in which `evaluate` gives Hessians, if it does; `either` is decided at each evaluation. */
  readonly hessian?: 'dense' | 'operator' | 'either' | 'unavailable'
  /** How an operator becomes a dense matrix. */
  readonly materialisation?: 'unavailable' | 'repeatedProducts' | 'batchedProducts' | 'explicit'
  /** Cost of one product with an operator in floating-point operations; information only. */
  readonly estimatedCost?: number
  /** The criterion and the fixed-point step (extended Fellner–Schall). Its presence makes fixed points possible. */
  fixedPoint?(theta: Float64Array, limit: InnerLimit): Maybe<FixedPointEvaluation>
  /** Ranks seeds under truncated inner solves. Its presence switches screening on. */
  screeningProxy?(theta: Float64Array, limit: InnerLimit): Maybe<number>
  /** Brings the inner state back to where it was at the beginning. */
  reset?(): Maybe<void>
  /** Offers inner coefficients to start from. */
  seedInnerState?(coefficients: Float64Array): Maybe<SeedOutcome>
  /** Walks to θ by a certified homotopy; true if it arrived, false if there is none. A `RejectedPoint` refuses. */
  homotopyEntry?(theta: Float64Array): Maybe<boolean>
  /** The criterion at a seed that is already terminal, else null. */
  acceptSeed?(theta: Float64Array): Maybe<number | null>
  /** Brings the inner state to the winner; without it the criterion is evaluated there. */
  finalize?(theta: Float64Array, plan: OuterPlan): Maybe<void>
  /** Seeds may be entered from heavier smoothing; needs `seedInnerState`. */
  readonly allowsContinuation?: boolean
  /** Seeds must be entered from heavier smoothing. */
  readonly requiresContinuation?: boolean
  readonly barrier?: Barrier
}
