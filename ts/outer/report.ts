import type { OuterReportInput } from '../report/outer/input.js'
import { outerReportText as textOf } from '../report/outer/text.js'
import type { OuterResult } from './result-types.js'

/** What a report may be told beside the result. */
export interface OuterReportOptions {
  /** What the search was for; the `context` of the run unless given. */
  readonly title?: string
  /** Names of the parameters (n). */
  readonly names?: readonly string[]
  /** When the report was made, as it should be printed. */
  readonly generatedAt?: string
}

function inputOf(result: OuterResult, { title, names, generatedAt }: OuterReportOptions): OuterReportInput {
  return {
    title: title ?? (result.context === '' ? 'Outer search' : result.context),
    result,
    ...(names !== undefined && { names }),
    ...(generatedAt !== undefined && { generatedAt }),
  }
}

/**
 * The report of a search as one HTML page that loads nothing: outcome, point, certificate in plain words, path, attempts and starts. The same result
 * gives the same bytes.
 */
export async function outerReport(result: OuterResult, options: OuterReportOptions = {}): Promise<string> {
  // The plots need vega, which nobody else has to load.
  const { renderOuterReport } = await import('../report/outer/render.js')
  return renderOuterReport(inputOf(result, options))
}

/** The same as plain text, for a terminal or a log. */
export function outerReportText(result: OuterResult, options: OuterReportOptions = {}): string {
  return textOf(inputOf(result, options))
}
