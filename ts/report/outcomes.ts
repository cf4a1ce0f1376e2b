import type { AnyDocument, DocumentMethod } from '../reweight/certificate-document.js'

/** What a status means to somebody who has to decide whether the weights may be used. */
export interface Outcome {
  tone: 'good' | 'caution' | 'bad'
  /** Read beside the headline, so that colour is never the only sign. */
  badge: string
  headline: string
  meaning: string
  /** What to try next; empty where there is nothing to do. */
  advice: string[]
}

export const OUTCOMES: Record<AnyDocument['status'], Outcome> = {
  converged: {
    tone: 'good',
    badge: 'Certified',
    headline: 'These are the best weights for the problem as stated, and that is proven.',
    meaning:
      'The certificate below holds: an independent check found every multiplier within the tolerance asked for.',
    advice: [],
  },
  not_certified: {
    tone: 'caution',
    badge: 'Not certified',
    headline: 'Weights were found, but it is not proven that they are the best ones.',
    meaning:
      'The method stopped of its own accord, yet the independent check could not bring the possible error under the ' +
      'tolerance. The weights may still be good; how far off they can be is stated below.',
    advice: [
      'Compare the distance bound below with the accuracy you need: if it is small enough for your purpose, run again with that tolerance.',
      'Let the program choose the method (method “auto”), so that the next method takes over where one fails.',
      'Look for targets that repeat or contradict one another, and for totals of very different sizes.',
    ],
  },
  iteration_limit: {
    tone: 'caution',
    badge: 'Stopped early',
    headline: 'The run reached its limit of iterations before the weights were proven best.',
    meaning: 'These are the best weights found so far. They are usable only as a rough answer.',
    advice: [
      'Raise the iteration limit, or leave it out: each method has a sensible limit of its own.',
      'Look at the convergence plot: if the residual still falls, more iterations will help; if it is flat, they will not.',
    ],
  },
  cancelled: {
    tone: 'caution',
    badge: 'Cancelled',
    headline: 'The run was cancelled, or ran out of time, before the weights were proven best.',
    meaning: 'These are the best weights found up to then. They are usable only as a rough answer.',
    advice: [
      'Run again with a longer time limit, or with none.',
      'To lose no work, start the next run from these multipliers (warm start).',
    ],
  },
  infeasible: {
    tone: 'bad',
    badge: 'Infeasible',
    headline: 'No weights meet what was asked, and that is proven.',
    meaning:
      'The targets contradict one another, or the bounds of the multipliers keep them from being met. There is nothing to use: ' +
      'the contradiction below says which targets are concerned, and what would help.',
    advice: [],
  },
  numerical_failure: {
    tone: 'bad',
    badge: 'Failed',
    headline: 'The calculation broke down. Do not use these weights.',
    meaning:
      'The arithmetic failed on the way, and nothing can be said about the numbers that were returned.',
    advice: [
      'Read the warnings and the outcome of each attempt below: they name what failed.',
      'Check the data for extreme values: design weights or totals many powers of ten apart.',
    ],
  },
}

export const METHODS: Record<DocumentMethod | 'auto', string> = {
  auto: 'automatic (Newton, L\u2011BFGS\u2011B, Clarabel)',
  newton: 'Newton (dual, semismooth)',
  lbfgsb: 'L\u2011BFGS\u2011B (projected quasi-Newton)',
  clarabel: 'Clarabel (interior point)',
}

export const METHOD_NAMES: Record<string, string> = {
  newton: 'Newton',
  proximal_newton: 'Proximal Newton',
  finish: 'Newton’s finish in double-double',
  lbfgsb: 'L\u2011BFGS\u2011B',
  clarabel: 'Clarabel',
}

export const ATTEMPT_OUTCOMES: Record<string, string> = {
  converged: 'Certified',
  not_certified: 'Not certified',
  iteration_limit: 'Iteration limit',
  cancelled: 'Cancelled',
  infeasible: 'Proven infeasible',
  numerical_failure: 'Numerical failure',
}
