import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished, vi } from 'vitest'

// A database for each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

/** A folder of its own for the running test, with these files in it; removed at the test's end. */
export function folder(files: Record<string, string | Uint8Array> = {}): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'equipoise-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content)
  }
  return (name) => join(path, name)
}

/** The shared cases' folder of that name, or null with a plain message where there is none. */
export function caseFolder(name: string): string | null {
  const cases = process.env.EQUIPOISE_CASES ?? resolve(import.meta.dirname, '../../../shared/cases')
  const path = join(cases, name)
  if (existsSync(path)) return path
  process.stderr.write(`skipped: no ${name} among the cases (set EQUIPOISE_CASES to their folder)\n`)
  return null
}
