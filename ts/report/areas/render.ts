import { type Html, html } from '../escape.js'
import { page } from '../page.js'
import { areaTableSection, TABLE_STYLES, targetTableSection } from './area-table.js'
import { type AreasReport, type AreasReportInput, prepareAreasReport } from './input.js'
import { MATRIX_SCRIPT, MATRIX_STYLES, matrixSection } from './matrix.js'
import { exhaustionSection, multipliersSection } from './multipliers.js'
import { outcomeSection } from './outcome.js'
import { provenanceSection } from './provenance.js'

type Section = (report: AreasReport) => Html | undefined | Promise<Html | undefined>

/** The page from top to bottom. */
const SECTIONS: readonly (readonly [id: string, title: string, section: Section])[] = [
  ['outcome', 'Outcome', outcomeSection],
  ['matrix', 'Areas × targets', matrixSection],
  ['areas', 'Areas', areaTableSection],
  ['targets', 'Targets', targetTableSection],
  ['multipliers', 'Multipliers', multipliersSection],
  ['exhaustion', 'Exhaustion', exhaustionSection],
  ['provenance', 'Inputs and options', provenanceSection],
]

/** The report over all areas as a single page that loads nothing; the pages of the areas stand beside it. */
export async function renderAreasReport(input: AreasReportInput): Promise<string> {
  const report = prepareAreasReport(input)
  const parts: { id: string; title: string; markup: Html }[] = []
  for (const [id, title, section] of SECTIONS) {
    const markup = await section(report)
    if (markup) parts.push({ id, title, markup })
  }
  const certified = report.summary.areas.length - report.failed.length
  return page(
    {
      kind: 'Reweighting report',
      title: `${report.summary.areas.length} areas`,
      documentTitle: `Areas: ${certified} of ${report.summary.areas.length} certified`,
      styles: MATRIX_STYLES + TABLE_STYLES,
      script: MATRIX_SCRIPT,
    },
    html`<nav aria-label="Contents"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${parts.map(({ markup }) => html`${markup}\n`)}</main>`,
  )
}
