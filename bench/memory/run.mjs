// How much memory problems take, and how that grows: `node bench/memory/run.mjs`. See README.md beside this file.
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fail } from '../../scripts/process.mjs'
import { setup } from '../../scripts/setup.mjs'
import { plan, series } from './plan.mjs'

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
})
for (const name of options.only ?? []) {
  if (!(name in series)) fail(`--only: expected ${Object.keys(series).join(', ')}, received ${name}`)
}
const folder = dirname(fileURLToPath(import.meta.url))
const scratch = join(folder, 'data')
// Only a full run may replace the published results.
const results = options.quick || options.only ? join(scratch, 'part') : join(folder, 'results')
mkdirSync(results, { recursive: true })
mkdirSync(scratch, { recursive: true })

setup()
const { measure } = await import('./measure.mjs')
const { growthFigure, markdownTable, toCsv } = await import('./output.mjs')

const { cases, fixed } = plan(options.quick)
const rows = []
for (const one of cases) {
  if (options.only && !options.only.includes(one.series)) continue
  process.stderr.write(`${one.records} × ${one.targets}, ${series[one.series]} … `)
  const row = { ...one, ...(await measure(one, scratch)) }
  rows.push(row)
  process.stderr.write(`${row.peakMiB.toFixed(0)} MiB, ${row.readSeconds.toFixed(1)} s to read\n`)
}
const model = cpus()[0]?.model ?? 'unknown CPU'
const machine = `${model}, ${availableParallelism()} threads, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}`
writeFileSync(join(results, 'memory.csv'), `# ${machine}\n${toCsv(rows)}`)
writeFileSync(join(results, 'memory.md'), `# Memory\n\n${machine}\n\n${markdownTable(rows)}\n`)
writeFileSync(join(results, 'memory.svg'), await growthFigure(rows, fixed))
process.stderr.write(`\n${results}\n`)
