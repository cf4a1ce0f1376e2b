import type { Figure } from './certificate-document.js'

/** The proof that no weights meet what was asked, and what can be said about it. */
export interface DocumentInfeasibility {
  /** The weight of each total in the contradiction (k). */
  direction: Figure[]
  /**
   * What the targets ask of that combination exceeds what any weights give by at least this: > 0 (0 where what they give is a
   * limit that is not reached).
   */
  margin: Figure
  /** null: none was looked for. */
  explanation: DocumentExplanation | null
}

/** Why no weights meet what was asked, in the words of the targets. */
export interface DocumentExplanation {
  minimalSets: DocumentMinimalSet[]
  /** True if there are no other minimal sets. */
  allSets: boolean
  /** A smallest collection of targets without which the others can be met; null if none was found. */
  removal: string[] | null
  /** The cheapest for all targets first. */
  relaxations: DocumentRelaxation[]
}

/** Targets that cannot be met together, though they could without any one of them. */
export interface DocumentMinimalSet {
  sentence: string
  members: { name: string; side: 'lower' | 'upper'; edge: Figure; factor: Figure }[]
  /** What their edges ask of the combination of factors and totals. */
  required: Figure
  /** The most that any weights give. */
  attainable: Figure
  gap: Figure
  /** Records that the proof holds at their bounds. */
  numAtLower: number
  numAtUpper: number
  /** Those among them whose bounds matter most. */
  records: { id: string; side: 'lower' | 'upper'; bound: Figure; pressure: Figure }[]
  /** True if it is proven that no member can be left out. */
  minimal: boolean
}

/** Changes that make the targets possible. */
export interface DocumentRelaxation {
  sentence: string
  /** What it is the cheapest of. */
  kind: string
  /** Number of the minimal set that it resolves, from 0; null if it resolves all. */
  set: number | null
  changes: { name: string; side: 'lower' | 'upper'; from: Figure; to: Figure; fraction: Figure }[]
  cost: Figure
  /** Proven: no relaxation of this kind costs less. */
  costAtLeast: Figure
}
