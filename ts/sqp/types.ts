type Maybe<T> = T | PromiseLike<T>

/** A function of x that gives one number. x is an array that the next call overwrites. */
export type ScalarFunction = (x: Float64Array) => Maybe<number>
/** A function of x that gives numbers. */
export type VectorFunction = (x: Float64Array) => Maybe<ArrayLike<number>>
/** A function of x that gives a matrix: its rows, or all of it by rows. */
export type MatrixFunction = (x: Float64Array) => Maybe<readonly ArrayLike<number>[] | ArrayLike<number>>

/** `fun(x) = 0` (`eq`) or `fun(x) ≥ 0` (`ineq`), of one number or of several. */
export interface ConstraintFunction {
  readonly type: 'eq' | 'ineq'
  readonly fun: (x: Float64Array) => Maybe<number | ArrayLike<number>>
  /** The Jacobian (m × n); for one number its gradient (n) is enough. */
  readonly jac?: MatrixFunction
  /** Σᵢ wᵢ∇²cᵢ(x)·v. */
  readonly hessp?: (x: Float64Array, v: Float64Array, weights: Float64Array) => Maybe<ArrayLike<number>>
  /** What reports call it. */
  readonly name?: string
}

/** Bounds of m rows: a number for all, or m of them; ±Infinity where there is none. */
export type RowBounds = number | ArrayLike<number>

/** `lb ≤ fun(x) ≤ ub`; an equality where both are equal. Without `lb` or `ub` there is no bound on that side. */
export interface NonlinearConstraintLike {
  readonly fun: ConstraintFunction['fun']
  readonly lb?: RowBounds
  readonly ub?: RowBounds
  readonly jac?: MatrixFunction
  readonly hessp?: ConstraintFunction['hessp']
  readonly name?: string
}

/** `lb ≤ Ax ≤ ub`, A of m rows (or one row). */
export interface LinearConstraintLike {
  readonly A: readonly ArrayLike<number>[] | ArrayLike<number>
  readonly lb?: RowBounds
  readonly ub?: RowBounds
  readonly name?: string
}

export type Constraint = ConstraintFunction | NonlinearConstraintLike | LinearConstraintLike

/** A pair for each variable (null: none), or both sides (a number, or n of them). */
export type Bounds =
  | readonly (readonly [lower: number | null, upper: number | null])[]
  | { readonly lb: RowBounds; readonly ub: RowBounds }

/** The options of the solver: `minimizeDefaults()` has all of them with their defaults, docs/minimize.md says what they do. */
export interface SolverOptions {
  /** Largest ‖∇f − Jᵀλ − z‖∞ and complementarity, relative to the size of the gradients. */
  readonly stationarityTolerance?: number
  /** Largest violation of a constraint. */
  readonly feasibilityTolerance?: number
  readonly maxSteps?: number
  readonly hessian?: 'auto' | 'bfgs' | 'limited_memory' | 'exact'
  readonly scaling?: 'off' | 'uniform' | 'balanced' | 'knitro' | 'ipopt' | 'aggressive'
  readonly finiteDifferences?: 'forward' | 'central'
  readonly [name: string]: unknown
}

export interface MinimizeSyncOptions {
  /** ∇f (n); without it by finite differences. */
  readonly gradient?: VectorFunction
  /** ∇²f(x)·v. */
  readonly hessianProduct?: (x: Float64Array, v: Float64Array) => Maybe<ArrayLike<number>>
  readonly bounds?: Bounds
  readonly constraints?: Constraint | readonly Constraint[]
  /** Names of the variables (n), for reports. */
  readonly variableNames?: readonly string[]
  readonly options?: SolverOptions
  readonly timeLimitSeconds?: number
  /** Called after every step, in order, between evaluations. What it throws ends the run and is thrown. */
  readonly onStep?: (step: MinimizeStep) => void
  readonly onEvent?: (event: { readonly message: string }) => void
  /**
   * Gets the best point before an exception of a function or listener, which ended the run, is thrown; null if there is none. `interruptedMinimum`
   * has it too, except where a primitive was thrown.
   */
  readonly onInterrupted?: (best: MinimizeResult | null) => void
}

export interface MinimizeOptions extends MinimizeSyncOptions {
  /** Ends the run with its best point and the status `cancelled`. A call that is under way is not waited for. */
  readonly signal?: AbortSignal
}

/** The state after a step in numbers, by the names that the diagnostics use. */
export interface MinimizeStep {
  readonly step_count: number
  readonly f_val: number
  readonly merit: number
  readonly last_alpha: number
  readonly rel_kkt: number
  readonly max_eq_violation: number
  readonly max_ineq_violation: number
  readonly [name: string]: number | boolean
}

export type MinimizeStatus =
  | 'converged'
  | 'max_steps'
  | 'merit_stagnation'
  | 'line_search_failure'
  | 'qp_subproblem_failure'
  | 'iterate_blowup'
  | 'infeasible'
  | 'nonfinite'
  | 'stalled'
  | 'inexact_stationary'
  | 'unbounded'
  | 'cancelled'

/** The independent check of the first-order conditions. */
export interface KktResiduals {
  /** ‖∇f − Jᵀλ − z‖∞. */
  readonly stationarity: number
  /** What it is measured against. */
  readonly scale: number
  readonly relativeStationarity: number
  /** Largest violation of a constraint or bound. */
  readonly violation: number
  readonly complementarity: number
  /** Largest multiplier of the wrong sign. */
  readonly dualSign: number
}

/** Values and multipliers of one constraint as it was given. */
export interface ConstraintResult {
  readonly name: string
  /** `fun(x)` or Ax (m); not for constraints without a bound. */
  readonly multipliers: Float64Array
}

/** Why there is no feasible point. */
export interface InfeasibilityEvidence {
  /** The constraints are affine, so that no point satisfies them; otherwise the violation has a stationary point here. */
  readonly global: boolean
  readonly stationarity: number
  /** Sum of the violations. */
  readonly violation: number
  /** The rows responsible, the largest weights first. */
  readonly rows: readonly { readonly name: string; readonly violation: number; readonly multiplier: number }[]
}

export interface MinimizeResult {
  readonly status: MinimizeStatus
  /** The same in a sentence. */
  readonly message: string
  /** The point (n). */
  readonly x: Float64Array
  /** f(x). */
  readonly fun: number
  /** ∇f(x) (n). */
  readonly gradient: Float64Array
  /**
   * For each constraint as it was given its multipliers (m): positive where a lower bound presses, negative where an upper one does. The
   * Lagrangian is f − λ·c − z·x.
   */
  readonly constraints: readonly ConstraintResult[]
  /** z (n): ≥ 0 at lower bounds, ≤ 0 at upper bounds. */
  readonly boundMultipliers: Float64Array
  readonly residuals: KktResiduals
  /** ‖projected gradient‖ relative to the scale of the stationarity, where the inner solver is `hr_inexact_stcg`; else null. */
  readonly projectedStationarity: number | null
  readonly steps: number
  /** Iterations of all quadratic subproblems. */
  readonly qpIterations: number
  readonly evaluations: {
    readonly objective: number
    readonly gradient: number
    readonly constraints: number
    readonly jacobian: number
    readonly hessianProducts: number
  }
  /** `x` is an earlier point than the last, which was worse. */
  readonly rolledBack: boolean
  readonly infeasibility: InfeasibilityEvidence | null
  /** What happened over the run, counted. */
  readonly counters: Readonly<Record<string, number | boolean>>
  /** Equal for equal bits of x and the multipliers. */
  readonly digest: string
}
