// What the way through Node costs: typed arrays in to result out, against the same in Rust plus one copy of the data, and
// the peak of resident memory above the start (Linux). After `npm run setup`:
//
//     node --expose-gc bench/boundary.mjs [repetitions] [records] [threads] [penalty | bands | calibrate]
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { generateNational, ReweightProblem } from 'equipoise'

const [repetitions = 7, records = 225_256, threads = 2] = process.argv.slice(2, 5).map(Number)
const form = process.argv[5] ?? 'penalty'
const solves = {
  penalty: (problem) => problem.solve({ threads }),
  bands: (problem) => problem.solveBands({ threads }),
  calibrate: (problem) => problem.calibrate({ threads }),
}
execFileSync('cargo', [
  'build',
  '--quiet',
  '--release',
  '--locked',
  '--package',
  'equipoise',
  '--example',
  'boundary',
])

const { columns, targets, matrix } = generateNational({ records, seed: 1 })
const arrays = [matrix.columnStarts, matrix.rowIndices, matrix.values, columns.weight]
const data = { matrix, designWeights: columns.weight, targets }

const peak = await peakMemory()
const rounds = []
for (let i = 0; i < repetitions; i++) rounds.push({ rust: rust(), node: await node(), copy: copy() })

const best = (what) => Math.min(...rounds.map((round) => round[what].seconds))
const [rustSeconds, nodeSeconds, copySeconds] = ['rust', 'node', 'copy'].map(best)
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
const milliseconds = (seconds) => `${(1e3 * seconds).toFixed(1)} ms`
console.log(
  `${form}: ${records} records, ${targets.length} targets, ${matrix.values.length} non-zeros, ${threads} threads`,
)
console.log(
  `best of ${repetitions}: Rust ${milliseconds(rustSeconds)}, copy ${milliseconds(copySeconds)}, Node ${milliseconds(nodeSeconds)}`,
)
console.log(`Node / (Rust + copy) = ${(nodeSeconds / (rustSeconds + copySeconds)).toFixed(3)}`)
const csr = 12 * matrix.values.length + 4 * (records + 1)
const allowed = 2.5 * csr + 8 * 8 * records + 4 * 8 * targets.length ** 2
if (peak !== undefined)
  console.log(`peak memory above the start ${megabytes(peak)}, allowed ${megabytes(allowed)}`)
console.log(`digest ${rounds[0].node.digest}, in Rust ${rounds[0].rust.digest}`)

function rust() {
  return JSON.parse(
    execFileSync('target/release/examples/boundary', [records, threads, form], { encoding: 'utf8' }),
  )
}

async function node() {
  const begin = performance.now()
  const problem = new ReweightProblem(data)
  const { digest } = await solves[form](problem)
  const seconds = (performance.now() - begin) / 1e3
  problem.dispose()
  return { seconds, digest }
}

function copy() {
  const begin = performance.now()
  for (const array of arrays) array.slice()
  return { seconds: (performance.now() - begin) / 1e3 }
}

async function peakMemory() {
  if (process.platform !== 'linux') return undefined
  const status = (name) => 1024 * readFileSync('/proc/self/status', 'utf8').match(`${name}:\\s+(\\d+)`)[1]
  globalThis.gc?.()
  // 5 resets the peak to what is resident now.
  writeFileSync('/proc/self/clear_refs', '5')
  const start = status('VmRSS')
  await node()
  return status('VmHWM') - start
}
