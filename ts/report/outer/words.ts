import type { OuterRecord } from './input.js'

/** What the end of a search means to somebody who has to decide whether its point may be used. */
export interface OuterOutcome {
  tone: 'good' | 'caution' | 'bad'
  badge: string
  headline: string
}

export function outcomeOf({ converged, criterionBroken, stopReason }: OuterRecord): OuterOutcome {
  if (criterionBroken) {
    return {
      tone: 'bad',
      badge: 'Broken criterion',
      headline: 'The gradient is not the gradient of the criterion. Do not use this point.',
    }
  }
  if (converged) {
    const headline =
      stopReason === 'cachedFinal'
        ? 'This is the answer of an earlier run, and the criterion still has its value there.'
        : 'The search ended at a point that passes its tests.'
    return { tone: 'good', badge: 'Converged', headline }
  }
  if (stopReason === 'cancelled' || stopReason === 'iterationBudget') {
    const headline = 'The search was ended before its point passed the tests.'
    return { tone: 'caution', badge: 'Stopped early', headline }
  }
  return {
    tone: 'caution',
    badge: 'Not converged',
    headline: 'The search stopped at a point that does not pass the tests.',
  }
}

export const SOLVER_NAMES: Record<string, string> = {
  arc: 'Adaptive cubic regularisation',
  bfgs: 'Quasi-Newton (BFGS)',
  efs: 'Fellner–Schall fixed point',
  hybridEfs: 'Hybrid fixed point',
  frontierEfs: 'Fixed point by coordinates',
}

export const UNCERTAINTY_VERDICTS: Record<string, string> = {
  noEvidenceOfHeavyTails: 'Nothing speaks against a normal distribution of the smoothing parameters.',
  suspectedHeavyTails: 'Normal intervals for the smoothing parameters are doubtful.',
  heavyTailsDetected: 'Normal intervals for the smoothing parameters are wrong: the tails are heavy.',
  skipped: 'Not assessed.',
}

/** All evaluations of the objective. */
export function totalEvaluations({ evaluations }: OuterRecord): number {
  return Object.values(evaluations).reduce((sum, count) => sum + count, 0)
}
