import type { OuterPlan } from './objective-types.js'
import type { FallbackReason, OuterIteration, OuterStopReason, SeedFailure } from './types.js'

/** Numbers of evaluations, summed over attempts, seeds and retries. */
export type EvaluationCounts = {
  /** Values alone. */
  readonly value: number
  /** Values with gradients. */
  readonly gradient: number
  /** Values with gradients and Hessians. */
  readonly hessian: number
  readonly fixedPoint: number
  readonly screening: number
  /** Values for the certificate; not part of `value`. */
  readonly audit: number
  /** Evaluations for the assessment of uncertainty; not part of the others. */
  readonly draws: number
}

/** What the Hessian says of the curvature over the free coordinates. */
export type Curvature = 'unmeasured' | 'nonNegative' | 'unresolvable' | 'negative'

/** The test of stationarity. */
export interface StationarityReport {
  /** (projectedGradient ≤ gradientLimit or newtonDecrement ≤ decrementLimit) and the curvature is not negative. */
  readonly holds: boolean
  /** maxᵢ |P(θ − g)ᵢ − θᵢ|, P the projection onto the bounds. */
  readonly projectedGradient: number
  readonly gradientLimit: number
  /** ½gᵀ(H + μI)⁻¹g over the free coordinates; null without a Hessian. */
  readonly newtonDecrement: number | null
  readonly decrementLimit: number | null
  readonly curvature: Curvature
  /** Least eigenvalue of the Hessian over the free coordinates. */
  readonly leastEigenvalue: number | null
}

/** The first-order audit: the slope along a direction by the gradient and by differences of values. */
export interface CriterionCertificate {
  readonly gradNorm: number
  /** Slope by the gradient. */
  readonly analyticDirectional: number
  /** Slope by differences of values, with its error bar. */
  readonly fdDirectional: number
  readonly fdError: number
  /** |difference of the slopes| in error bars. */
  readonly agreementZ: number
  readonly fdStep: number
  /** The direction (n, length 1). */
  readonly direction: Float64Array
  /** Every coordinate lies on a bound: differences into the box. */
  readonly oneSided: boolean
  /** Whether the Hessian is positive definite over the free coordinates; null without one. */
  readonly hessianPd: boolean | null
  /** ρ coordinates near a bound. */
  readonly lambdasRailed: readonly number[]
  /** ψ coordinates near a bound (indices in θ). */
  readonly psiRailed: readonly number[]
  /** The slopes agree. */
  readonly consistent: boolean
  /** The slopes agree, the Hessian is not indefinite, no ρ coordinate is railed. */
  readonly clean: boolean
  readonly stationarity: StationarityReport
  /** All of it in a line. */
  readonly summary: string
}

/** What became of a seed that was started. */
export interface SeedReport {
  readonly seed: number
  /** The start (n). */
  readonly start: readonly number[]
  /** The criterion at the best point reached from it. */
  readonly value: number
  readonly iterations: number
  readonly converged: boolean
  readonly stopReason: OuterStopReason
}

/** One attempt of the ladder. */
export interface AttemptReport {
  readonly plan: OuterPlan
  /** Solver runs: 1 and the retries. */
  readonly runs: number
  readonly iterations: number
  readonly evaluations: EvaluationCounts
  /** null where no seed gave a result. */
  readonly stopReason: OuterStopReason | null
  readonly value: number | null
  /** Why the fixed point handed over, if it did. */
  readonly fallback: FallbackReason | null
  readonly seeds: readonly SeedReport[]
  readonly failure: SeedFailure | null
}

/** Whether the criterion near its minimum is as normal as its Hessian says: the tail of importance weights of draws (PSIS). */
export interface UncertaintyDiagnostic {
  readonly verdict: 'noEvidenceOfHeavyTails' | 'suspectedHeavyTails' | 'heavyTailsDetected' | 'skipped'
  /** Why nothing can be said, where the verdict is `skipped`. */
  readonly reason?: string
  readonly kHat: number | null
  readonly effectiveDraws: number | null
  readonly numDraws: number
  readonly numOutside: number
  readonly numFailed: number
  readonly numEvaluations: number
  /** The ρ coordinates that were drawn. */
  readonly coordinates: readonly number[]
  /** √(H⁻¹)ᵢᵢ of each of them. */
  readonly standardErrors: readonly number[]
}

/** What a run had to do with the cache. */
export interface CacheReport {
  /** First digits of the key's fingerprint. */
  readonly key: string
  readonly outcome: 'miss' | 'discarded' | 'seed' | 'exactFinal' | 'stale'
  readonly source: string | null
  readonly reason: string | null
  /** The answer was stored. */
  readonly saved: boolean
}

/** The best point of all seeds, retries and attempts. */
export interface OuterResult {
  /** The point θ (n). */
  readonly rho: Float64Array
  /** The criterion there. */
  readonly finalValue: number
  /** Outer iterations of all solver runs. */
  readonly iterations: number
  readonly finalGradNorm: number | null
  readonly finalGradient: Float64Array | null
  /** n × n by rows, where a solver had it. */
  readonly finalHessian: Float64Array | null
  /** The point is stationary, and the certificate does not contradict it. */
  readonly converged: boolean
  readonly stopReason: OuterStopReason
  /** The stop reason in a sentence. */
  readonly message: string
  readonly planUsed: OuterPlan | null
  /** The name of the solver that reached the point. */
  readonly method: string
  /** Last radius of the matrix-free trust region. */
  readonly operatorTrustRadius: number | null
  readonly operatorStopReason: OuterStopReason | null
  readonly stationarity: StationarityReport | null
  readonly criterionCertificate: CriterionCertificate | null
  /** Why there is no certificate. */
  readonly certificateAbsent: string | null
  /** The gradient is not that of the criterion: nothing here is to be trusted. */
  readonly criterionBroken: boolean
  readonly context: string
  /** Inner coefficients at the point, where the objective gave them. */
  readonly innerBeta: Float64Array | null
  readonly attempts: readonly AttemptReport[]
  /** All evaluations, those of the certificate included. */
  readonly evaluations: EvaluationCounts
  /** The iterations of the solver run that reached the point. */
  readonly path: readonly OuterIteration[]
  /** The assessment of the uncertainty of ρ. */
  readonly uncertainty?: UncertaintyDiagnostic | null
  /** What the run had to do with the cache; null without one. */
  readonly cache?: CacheReport | null
  /** FNV-1a 64 over the bytes of `rho` and `finalValue`: equal for equal bits. */
  readonly digest: string
}
