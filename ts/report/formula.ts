import { type Html, html } from './escape.js'

/**
 * Sets a formula written in plain text: single letters are variables (italic), `_` starts a subscript, words stay
 * upright. `|m_i − m_i*|` needs no MathML and prints alike everywhere.
 */
export function formula(text: string): Html {
  const parts: Html[] = []
  let end = 0
  for (const match of text.matchAll(/([A-Za-zλ]+)|_([a-z]+)/g)) {
    const [whole, word, subscript] = match
    parts.push(html`${text.slice(end, match.index)}`)
    if (subscript) parts.push(html`<sub><var>${subscript}</var></sub>`)
    else parts.push(whole.length === 1 ? html`<var>${word}</var>` : html`${word}`)
    end = match.index + whole.length
  }
  return html`${parts}${text.slice(end)}`
}
