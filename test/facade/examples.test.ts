import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const run = (file: string) =>
  execFileSync(process.execPath, [join('examples', file)], { cwd: root, encoding: 'utf8' })

const programs = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'))

describe('the examples', () => {
  it.each(programs)('examples/%s runs and its answer is proven', (file) => {
    const proven = /^converged: The (answer is proven|point is stationary|optimality conditions hold)/m
    expect(run(file)).toMatch(proven)
  })

  it('come to the same bits as their twins in Rust (crates/equipoise/tests/examples.rs)', () => {
    expect(run('reweight.mjs')).toContain('\ndigest 0c64ed8d12adce05\n')
    expect(run('bands.mjs')).toContain('\ndigest 305e5db080c30333\n')
    const digests = [...run('calibration.mjs').matchAll(/^digest (.*)$/gm)].map(([, digest]) => digest)
    expect(digests).toEqual([
      'f7855b98ea33d015',
      'f7855b98ea33d015',
      '8c5a3b3bbb28bddd',
      'f14bf0a681c26c6d',
      '3e55f39cb1622e1b',
    ])
  })
})
