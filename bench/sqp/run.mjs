// Our solver and SciPy's SLSQP, both with analytic gradients, on the families and on the Hock–Schittkowski set.
//
//   node bench/sqp/run.mjs            all sizes (SciPy's IllCond(500) alone takes minutes)
//   node bench/sqp/run.mjs --quick    n = 100 only

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const quick = process.argv.includes('--quick')
const environment = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }

function run(program, args) {
  const text = execFileSync(program, args, {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return text.trim().split('\n').map(JSON.parse)
}

function python() {
  const folder = join(here, '.venv')
  const program = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(program)) {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
    execFileSync(
      program,
      ['-m', 'pip', 'install', '--quiet', '--requirement', join(here, 'requirements.txt')],
      {
        stdio: 'inherit',
      },
    )
  }
  return program
}

const build = ['build', '--quiet', '--release', '--package', 'equipoise', '--example', 'bench_sqp']
execFileSync('cargo', build, { cwd: root, stdio: 'inherit' })
const ours = join(root, 'target/release/examples/bench_sqp')
const peer = python()
const script = join(here, 'peer.py')

const sizes = quick ? [100] : [100, 500, 1000]
const families = ['weighted_quad', 'portfolio', 'sphere_mixed', 'ill_cond']
const plan = families.flatMap((family) => sizes.map((size) => [family, size]))
const lines = [
  `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model}, Node ${process.version}; seconds`,
  '',
  '| problem | gradients | steps | relative error | Hessian products | SciPy SLSQP | × ours |',
  '| --- | --- | --- | --- | --- | --- | --- |',
]
for (const [family, size] of plan.filter(([family, size]) => family !== 'ill_cond' || size < 1000)) {
  const [gradients] = run(ours, ['family', family, String(size), 'gradients'])
  const [products] = run(ours, ['family', family, String(size), 'products'])
  const [scipy] = run(peer, [script, 'family', family, String(size)])
  const cells = [
    gradients.name,
    gradients.seconds.toPrecision(3),
    gradients.steps,
    gradients.relativeError.toExponential(1),
    products.seconds.toPrecision(3),
    scipy.seconds.toPrecision(3),
    (scipy.seconds / gradients.seconds).toFixed(0),
  ]
  lines.push(`| ${cells.join(' | ')} |`)
}

const mine = run(ours, ['hock-schittkowski'])
const theirs = run(peer, [script, 'hock-schittkowski', ours])
const total = (rows, key) => rows.reduce((sum, row) => sum + row[key], 0)
const median = mine.map((row) => row.seconds).sort((a, b) => a - b)[mine.length >> 1]
lines.push(
  '',
  `Hock–Schittkowski and CUTEst, ${mine.length} problems: median ${(median * 1e6).toFixed(0)} µs.`,
  '',
)
lines.push('| | objective | gradient |', '| --- | --- | --- |')
for (const [name, rows] of [
  ['equipoise', mine],
  ['SciPy SLSQP', theirs],
]) {
  lines.push(`| ${name} | ${total(rows, 'objectiveEvaluations')} | ${total(rows, 'gradientEvaluations')} |`)
}
const text = `${lines.join('\n')}\n`
const folder = join(here, quick ? 'data' : 'results')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'sqp.md'), text)
process.stdout.write(text)
