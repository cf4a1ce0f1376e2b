import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '..')

/** The code of a page in one piece, as its blocks build on one another, and all that it says they print. */
function examplesOf(page: string): { code: string; printed: string } {
  const text = readFileSync(join(root, page), 'utf8')
  const blocks = [...text.matchAll(/^```(ts|text)\n([\s\S]*?)^```$/gm)]
  const joined = (language: string) =>
    blocks.flatMap(([, of, body]) => (of === language ? body! : [])).join('')
  return { code: joined('ts'), printed: joined('text') }
}

describe('the pages of docs/', () => {
  it.each([
    'docs/forms.md',
    'docs/targets.md',
    'docs/qp.md',
    'docs/outer-api.md',
    'docs/minimize.md',
    'docs/diagnostics.md',
  ])('%s shows what its code prints', (page) => {
    const { code, printed } = examplesOf(page)
    // Within the package, so that it finds `equipoise` by name.
    const file = join(root, `.${page.replaceAll(/\W/g, '-')}.mjs`)
    writeFileSync(file, code)
    onTestFinished(() => rmSync(file, { force: true }))
    expect(execFileSync(process.execPath, [file], { cwd: root, encoding: 'utf8' })).toBe(printed)
  })
})
