import { createHash } from 'node:crypto'
import { type Html, html, trustedHtml } from './escape.js'
import { SCRIPT } from './script.js'
import { STYLES } from './styles.js'

export interface PageHead {
  /** What the page is, above its title. */
  kind: string
  title: string
  /** Title of the window. */
  documentTitle: string
  generatedAt?: string | undefined
  /** Beside those of every page. */
  styles?: string
  script?: string
}

/** A whole page that loads nothing. */
export function page(
  { kind, title, documentTitle, generatedAt, styles = '', script = '' }: PageHead,
  body: Html,
): string {
  const scripts = SCRIPT + script
  return html`<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${documentTitle}</title>
<style>${trustedHtml(STYLES + styles)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><p class="kind">${kind}</p><h1><bdi>${title}</bdi></h1>${generatedAt !== undefined && html`<p class="generated">${generatedAt}</p>`}</header>
${body}
<footer><p>Made by equipoise. This page is complete in itself: it loads nothing and sends nothing.</p></footer>
<script>${trustedHtml(scripts)}</script>
</body>
</html>
`.markup
}

/** Only this very script may run: should a name ever slip through unescaped, the browser still refuses to execute it. */
const contentSecurityPolicy = (script: string): string =>
  [
    "default-src 'none'",
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
