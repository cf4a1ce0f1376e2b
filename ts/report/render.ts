import { type Html, html } from './escape.js'
import { assertAligned, type ReportInput } from './input.js'
import { OUTCOMES } from './outcomes.js'
import { page } from './page.js'
import { prepareReport, type Report } from './report.js'
import { bandsSection } from './sections/bands.js'
import { calibrationSection } from './sections/calibration.js'
import { certificateSection } from './sections/certificate.js'
import { convergenceSection } from './sections/convergence.js'
import { goldStarSection } from './sections/gold-star.js'
import { infeasibleSection } from './sections/infeasible.js'
import { multipliersSection } from './sections/multipliers.js'
import { outcomeSection } from './sections/outcome.js'
import { provenanceSection } from './sections/provenance.js'
import { targetTableSection } from './sections/target-table.js'
import { targetsSection } from './sections/targets.js'
import { warningsSection } from './sections/warnings.js'

export type { GoldStar, ReportInput } from './input.js'

type Section = (report: Report) => Html | undefined | Promise<Html | undefined>

/** Leaves a section out where there are no weights that it could speak of. */
function ifAnswered(section: Section): Section {
  return (report) => (report.certificate.status === 'infeasible' ? undefined : section(report))
}

/** The page from top to bottom. */
const SECTIONS: readonly (readonly [id: string, title: string, section: Section])[] = [
  ['outcome', 'Outcome', outcomeSection],
  ['warnings', 'Warnings', warningsSection],
  ['infeasible', 'The contradiction', infeasibleSection],
  ['targets', 'Targets', ifAnswered(targetsSection)],
  ['bands', 'Bands', bandsSection],
  ['calibration', 'Calibration', calibrationSection],
  ['weights', 'Multipliers and weights', ifAnswered(multipliersSection)],
  ['gold-star', 'Gold star', goldStarSection],
  ['certificate', 'Certificate', ifAnswered(certificateSection)],
  ['convergence', 'Convergence', convergenceSection],
  ['provenance', 'Inputs, options and timing', provenanceSection],
  ['all-targets', 'All targets', ifAnswered(targetTableSection)],
]

/**
 * The report of one reweighting as a single HTML page that loads nothing: it can be mailed, archived and printed.
 * The same input gives the same bytes.
 *
 * @throws InputError if the arrays do not have one entry per record
 */
export async function renderReport(input: ReportInput): Promise<string> {
  assertAligned(input)
  const report = prepareReport(input)
  const parts: { id: string; title: string; markup: Html }[] = []
  for (const [id, title, section] of SECTIONS) {
    const markup = await section(report)
    if (markup) parts.push({ id, title, markup })
  }
  const { title, generatedAt } = input
  const badge = OUTCOMES[report.certificate.status].badge.toLowerCase()
  return page(
    { kind: 'Reweighting report', title, documentTitle: `${title}: ${badge}`, generatedAt },
    html`<nav aria-label="Contents"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${parts.map(({ markup }) => html`${markup}\n`)}</main>`,
  )
}
