import type { AnyDocument } from '../../reweight/certificate-document.js'
import type { Content, Html } from '../escape.js'
import type { TargetLine } from '../summary.js'
import { bandsView } from './bands.js'
import { calibrationView } from './calibration.js'
import { penaltyView } from './penalty.js'

/** A figure of the independent check: its value, one sentence of meaning, and the inequality it stands for. */
export interface FigureRow {
  name: string
  /** Its name in the certificate. */
  key: string
  text: string
  meaning: Content
  inequality: Content
}

/** A column of the table of targets, beside those that every form has. */
export interface TargetColumn {
  title: string
  /** `size`: by absolute value. */
  sort: 'number' | 'size' | 'text'
  /** What its cell says, and the number behind it. */
  cell(target: AnyTarget): { text: Content; value: number | null }
}

export type AnyTarget = AnyDocument['targets'][number]

/** What the report says differently for each form. */
export interface FormView {
  /** What was to be done with the totals, after the words on the records and their multipliers. */
  asked: Html
  /** What to try for a status, beside what helps in every form. */
  advice: Partial<Record<AnyDocument['status'], readonly string[]>>
  /** The tile of key numbers on how many targets are met. */
  met(lines: readonly TargetLine[]): [name: string, value: Html, note: Html | string]
  certificateRows: FigureRow[]
  problem: Html
  options: (readonly [name: string, value: Content])[]
  /** Names in the certificate's options that `options` covers. */
  optionNames: readonly string[]
  targetColumns: TargetColumn[]
  /** A sentence on these columns. */
  aboutColumns: string
}

export function formView(document: AnyDocument): FormView {
  switch (document.schema) {
    case 'equipoise/reweight-certificate/1':
      return penaltyView(document)
    case 'equipoise/band-certificate/1':
      return bandsView(document)
    case 'equipoise/calibration-certificate/1':
      return calibrationView(document)
  }
}
