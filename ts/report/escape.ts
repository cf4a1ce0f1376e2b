/** Markup that may go into a page as it is. Only `html` and `trustedHtml` make it. */
export class Html {
  constructor(readonly markup: string) {}
}

export type Content = Html | string | number | null | undefined | false | readonly Content[]

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// Characters that no HTML document may hold (NUL, other control characters, lone surrogates) become U+FFFD, so that the
// page stays valid UTF-8 whatever a target is called.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/gu

export function replaceForbidden(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd')
}

export function escapeText(text: string): string {
  return replaceForbidden(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}

/** Marks text as markup. For constants of this folder and for SVG made here; never for what a user typed. */
export function trustedHtml(markup: string): Html {
  return new Html(markup)
}

/** Template tag that escapes every value unless it is `Html` itself; arrays are joined; null, undefined and false vanish. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  let markup = strings[0] as string
  for (const [index, value] of values.entries()) markup += toMarkup(value) + strings[index + 1]
  return new Html(markup)
}

function toMarkup(value: Content): string {
  if (value instanceof Html) return value.markup
  if (Array.isArray(value)) return value.map(toMarkup).join('')
  if (value === null || value === undefined || value === false) return ''
  return escapeText(String(value))
}

/** A name from the user's files: isolated from the text direction around it, and free to break after punctuation. */
export function nameOf(text: string): Html {
  const pieces = text.split(/(?<=[_./\-:,;])(?=\w)/)
  return html`<bdi>${pieces.map((piece, index) => html`${index > 0 && BREAK}${piece}`)}</bdi>`
}

const BREAK = new Html('<wbr>')
