import { type Content, type Html, html } from './escape.js'

/** A table that may be wider than the screen: it scrolls by itself, by keyboard too, and its caption stays in sight. */
export function scrollingTable(id: string, caption: Content, table: Html): Html {
  return html`<p class="caption" id="${id}-caption">${caption}</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-caption">${table}</div>
`
}

/** A plain table of text and figures; the first column names the rows. */
export function dataTable(headings: readonly string[], rows: readonly (readonly Content[])[]): Html {
  const [firstHeading, ...others] = headings
  return html`<table class="data"><thead><tr><th scope="col">${firstHeading}</th>${others.map((heading) => html`<th scope="col" class="number">${heading}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([
      first,
      ...rest
    ]) => html`<tr><th scope="row">${first}</th>${rest.map((value) => html`<td class="number">${value}</td>`)}</tr>
`,
  )}</tbody></table>`
}
