import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const run = (file: string) =>
  execFileSync(process.execPath, [join('examples', file)], { cwd: root, encoding: 'utf8' })

describe('the examples', () => {
  it.each(readdirSync(join(root, 'examples')))('examples/%s runs and its answer is proven', (file) => {
    expect(run(file)).toMatch(/^converged: The answer is proven/m)
  })

  it('come to the same bits as their twins in Rust (crates/equipoise/tests/examples.rs)', () => {
    expect(run('reweight.mjs')).toContain('\ndigest 0c64ed8d12adce05\n')
  })
})
