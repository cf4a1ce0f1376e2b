// Stage 3 of a rebalance, exact confirmation included, against cvxpy with OSQP (and OSQP alone) on the same programs.
//
//   node bench/targets/run.mjs

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { timesFigure } from './figure.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')

const run = (program, args, input) =>
  execFileSync(program, args, {
    cwd: root,
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
  }).trim()

function python() {
  const folder = join(here, '.venv')
  const program = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(program)) {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
    const requirements = ['-m', 'pip', 'install', '--quiet', '--requirement', join(here, 'requirements.txt')]
    execFileSync(program, requirements, { stdio: 'inherit' })
  }
  return program
}

const peer = python()
const build = ['build', '--quiet', '--release', '--package', 'equipoise', '--example', 'bench_targets']
execFileSync('cargo', build, { cwd: root, stdio: 'inherit' })
const ours = join(root, 'target/release/examples/bench_targets')

/** Largest distance of tradeable weights from ours, which are exact but for their rounding to four decimals. */
const distance = (weights, exact) =>
  Math.max(...weights.map((weight, index) => Math.abs(weight - Number(exact[index]))))

const rows = JSON.parse(run(ours, ['sizes'])).map(([names, groups]) => {
  const size = [String(names), String(groups)]
  const program = run(ours, ['problem', ...size])
  const own = JSON.parse(run(ours, ['solve', ...size]))
  const { cvxpy, osqp } = JSON.parse(run(peer, [join(here, 'peer.py')], `${program}\n`))
  return { names, groups, own, cvxpy, osqp }
})

const micro = (seconds) => `${Number((seconds * 1e6).toPrecision(3))}`
const lines = [
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model}), ${(totalmem() / 2 ** 30).toFixed(0)} GB, load ${loadavg()[0]?.toFixed(1)}; least times of many runs in microseconds (of the peers: processor time)`,
  '',
  '| names, groups | equipoise, least (median) | steps | cvxpy with OSQP | × ours | OSQP alone | × ours | largest distance of its weights |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ...rows.map(({ names, groups, own, cvxpy, osqp }) => {
    const ratio = (other) => (other.least / own.least).toFixed(0)
    const cells = [
      `${names}, ${groups}`,
      `${micro(own.least)} (${micro(own.seconds)})`,
      own.steps,
      micro(cvxpy.least),
      ratio(cvxpy),
      micro(osqp.least),
      ratio(osqp),
      distance(cvxpy.weights, own.weights).toExponential(1),
    ]
    return `| ${cells.join(' | ')} |`
  }),
]
const text = `${lines.join('\n')}\n`
mkdirSync(join(here, 'results'), { recursive: true })
writeFileSync(join(here, 'results/targets.md'), text)
writeFileSync(join(here, 'results/targets.svg'), await timesFigure(rows))
process.stdout.write(text)
