import { type Html, html } from '../escape.js'
import { page } from '../page.js'
import { activeSetSection } from './active-set.js'
import type { SqpReportDocument } from './document.js'
import { countersSection, optionsSection } from './figures.js'
import { outcomeSection } from './outcome.js'
import { pathSection } from './path.js'
import { SIGNAL_STYLES, signalsSection } from './signals.js'

type Section = (report: SqpReportDocument) => Html | undefined | Promise<Html | undefined>

/** The page from top to bottom. */
const SECTIONS: readonly (readonly [id: string, title: string, section: Section])[] = [
  ['outcome', 'Outcome', outcomeSection],
  ['signals', 'What looks suspicious', signalsSection],
  ['path', 'The path', pathSection],
  ['active-set', 'Active constraints', activeSetSection],
  ['counters', 'Counters', countersSection],
  ['options', 'Options', optionsSection],
]

export interface SqpReportHead {
  /** What was minimised. */
  title?: string
  generatedAt?: string
}

/** The diagnosis of a constrained minimisation as a single page that loads nothing. */
export async function renderSqpReport(report: SqpReportDocument, head: SqpReportHead = {}): Promise<string> {
  const parts: { id: string; title: string; markup: Html }[] = []
  for (const [id, title, section] of SECTIONS) {
    const markup = await section(report)
    if (markup) parts.push({ id, title, markup })
  }
  const { status } = report.termination
  const title = head.title ?? 'Constrained minimisation'
  return page(
    {
      kind: 'Diagnosis of a minimisation',
      title,
      documentTitle: `${title}: ${status}`,
      generatedAt: head.generatedAt,
      styles: SIGNAL_STYLES,
    },
    html`<nav aria-label="Contents"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${parts.map(({ markup }) => html`${markup}\n`)}</main>`,
  )
}
