import type { AnyDocument } from '../reweight/certificate-document.js'
import { type FormView, formView } from './forms/form.js'
import type { ReportInput } from './input.js'
import { type ErrorSummary, summariseErrors, type TargetLine, targetLines } from './summary.js'

/** What the sections are made from: the input, and the few figures that several of them need. */
export interface Report {
  input: ReportInput
  certificate: AnyDocument
  /** What the form of the problem has of its own. */
  form: FormView
  /** All targets, the largest error after reweighting first. */
  lines: TargetLine[]
  impossible: TargetLine[]
  errors: { before: ErrorSummary; after: ErrorSummary }
}

export function prepareReport(input: ReportInput): Report {
  const lines = targetLines(input.certificate)
  return {
    input,
    certificate: input.certificate,
    form: formView(input.certificate),
    lines,
    impossible: lines.filter((line) => line.isImpossible),
    errors: { before: summariseErrors(lines, 'errorBefore'), after: summariseErrors(lines, 'errorAfter') },
  }
}
