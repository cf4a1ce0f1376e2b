import { createHash } from 'node:crypto'
import { type Html, html, trustedHtml } from './escape.js'
import { assertAligned, type ReportInput } from './input.js'
import { OUTCOMES } from './outcomes.js'
import { prepareReport, type Report } from './report.js'
import { SCRIPT } from './script.js'
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
import { STYLES } from './styles.js'

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
  ['all-targets', 'All targets', targetTableSection],
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
  return page(
    report,
    html`<nav aria-label="Contents"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${parts.map(({ markup }) => html`${markup}\n`)}</main>`,
  )
}

/** Only this very script may run: should a name ever slip through unescaped, the browser still refuses to execute it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

function page({ input, certificate }: Report, body: Html): string {
  const { title, generatedAt } = input
  return html`<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}: ${OUTCOMES[certificate.status].badge.toLowerCase()}</title>
<style>${trustedHtml(STYLES)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><p class="kind">Reweighting report</p><h1><bdi>${title}</bdi></h1>${generatedAt !== undefined && html`<p class="generated">${generatedAt}</p>`}</header>
${body}
<footer><p>Made by equipoise. This page is complete in itself: it loads nothing and sends nothing.</p></footer>
<script>${trustedHtml(SCRIPT)}</script>
</body>
</html>
`.markup
}
