import { type Html, html } from '../escape.js'
import { page } from '../page.js'
import { certificateSection, uncertaintySection } from './certificate.js'
import type { OuterReportInput } from './input.js'
import { ladderSection, parametersSection, provenanceSection } from './ladder.js'
import { outcomeSection } from './outcome.js'
import { pathSection } from './path.js'
import { outcomeOf } from './words.js'

export type { OuterRecord, OuterReportInput } from './input.js'

type Section = (input: OuterReportInput) => Html | undefined | Promise<Html | undefined>

/** The page from top to bottom. */
const SECTIONS: readonly (readonly [id: string, title: string, section: Section])[] = [
  ['outcome', 'Outcome', outcomeSection],
  ['parameters', 'The point', parametersSection],
  ['certificate', 'Certificate', certificateSection],
  ['uncertainty', 'Uncertainty', uncertaintySection],
  ['path', 'Path', pathSection],
  ['attempts', 'Attempts and starts', ladderSection],
  ['provenance', 'Cache and digest', provenanceSection],
]

/** The report of an outer search as a single HTML page that loads nothing. The same input gives the same bytes. */
export async function renderOuterReport(input: OuterReportInput): Promise<string> {
  const parts: { id: string; title: string; markup: Html }[] = []
  for (const [id, title, section] of SECTIONS) {
    const markup = await section(input)
    if (markup) parts.push({ id, title, markup })
  }
  const { title, generatedAt } = input
  return page(
    {
      kind: 'Report of an outer search',
      title,
      documentTitle: `${title}: ${outcomeOf(input.result).badge.toLowerCase()}`,
      generatedAt,
    },
    html`<nav aria-label="Contents"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${parts.map(({ markup }) => html`${markup}\n`)}</main>`,
  )
}
