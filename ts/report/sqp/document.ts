/** A number of the report; JSON has no word for what is not finite. */
export type ReportNumber = number | 'nan' | 'inf' | '-inf'

export interface SqpSuggestion {
  text: string
  /** The same as options; empty where the problem itself must change. */
  changes: { option: string; value: number | string | boolean }[]
}

export interface SqpSignal {
  name: string
  specificity: 'specific' | 'ambiguous' | 'generic'
  magnitude: 'marginal' | 'moderate' | 'extreme'
  confidence: 'low' | 'medium' | 'high'
  /** One line. */
  summary: string
  /** The mechanism behind it. */
  detail: string
  evidence: Record<string, ReportNumber>
  suggestions: SqpSuggestion[]
  /** Names of the arrays that come with the signal. */
  artifacts: string[]
  /** The step to look at, from 1. */
  offendingStep: number | null
}

export interface SqpDiagnosis {
  name: string
  cause: string
  suggestions: SqpSuggestion[]
  relatedSignals: string[]
  confidence: 'low' | 'medium' | 'high'
}

/** One step: the fields of the reference under its names, and what is ours. */
export interface SqpStep {
  step_count: number
  f_val: ReportNumber
  merit: ReportNumber
  last_alpha: ReportNumber
  kkt_ratio: ReportNumber
  merit_penalty: ReportNumber
  max_eq_violation: ReportNumber
  max_ineq_violation: ReportNumber
  qp_iterations_step: number
  qp_converged: boolean
  ls_success: boolean
  elastic: boolean
  [field: string]: ReportNumber | boolean
}

/** What `diagnose` says of a run, as plain data. */
export interface SqpReportDocument {
  termination: { status: string; converged: boolean; message: string; steps: number; maxSteps: number }
  scaling: { objective: ReportNumber; constraints: ReportNumber[]; numSkipped: number }
  metrics: Record<string, ReportNumber>
  /** Signals that bear on this end, the most trustworthy first. */
  signals: SqpSignal[]
  lessLikely: SqpSignal[]
  diagnoses: SqpDiagnosis[]
  counters: Record<string, ReportNumber>
  tolerances: { stationarity: ReportNumber; feasibility: ReportNumber }
  options: Record<string, unknown>
  /** When inequalities and bounds were in the working set. */
  active: { name: string; spans: [first: number, last: number][] }[]
  trajectory: SqpStep[]
}
