import type { SqpReportDocument } from '../report/sqp/document.js'
import type { SqpReportHead } from '../report/sqp/render.js'

export type { SqpReportHead } from '../report/sqp/render.js'

/** The diagnosis of a constrained minimisation, as `diagnoseMinimize` reports it, as a single page that loads nothing. */
export async function renderSqpReport(report: SqpReportDocument, head: SqpReportHead = {}): Promise<string> {
  // The plots need vega, which nobody else has to load.
  const { renderSqpReport: render } = await import('../report/sqp/render.js')
  return render(report, head)
}
