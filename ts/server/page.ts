import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/page/view.js', 'view.js', 'text/javascript; charset=utf-8'],
  ['/page/examples.js', 'examples.js', 'text/javascript; charset=utf-8'],
  ['/page/style.css', 'style.css', 'text/css; charset=utf-8'],
] as const

/** The page loads its own files and talks to its own server; nothing else. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page to try the server with. */
export function addPage(app: FastifyInstance): void {
  for (const [address, file, type] of FILES) {
    const content = readFileSync(new URL(`./page/${file}`, import.meta.url), 'utf8')
    app.get(address, (_request, reply) =>
      reply
        .type(type)
        .headers({
          'content-security-policy': POLICY,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-cache',
        })
        .send(content),
    )
  }
}
