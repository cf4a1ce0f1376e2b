// Compares equipoise with Clarabel, OSQP and SciPy's L-BFGS-B on the same problems: `node bench/reweight/run.mjs`.
// See README.md beside this file for what is measured and how.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fail, root, run } from '../../scripts/process.mjs'
import { setup } from '../../scripts/setup.mjs'

const parts = ['national', 'growth', 'bands', 'travel-survey', 'motivating-fault']
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: parts },
    torch: { type: 'boolean', default: false },
  },
})
for (const part of options.only) {
  if (!parts.includes(part)) fail(`--only: expected ${parts.join(', ')}, received ${part}`)
}

const folder = dirname(fileURLToPath(import.meta.url))
const scratch = join(folder, 'data')
// Only a full run may replace the published results.
const results = options.quick ? join(scratch, 'quick') : join(folder, 'results')
mkdirSync(results, { recursive: true })
mkdirSync(scratch, { recursive: true })

setup()
const { measureAll, outputOf } = await import('./measure.mjs')
const { bandsTable, comparisonTable, oursTable, toCsv } = await import('./tables.mjs')
const { growthFigure } = await import('./figure.mjs')
const { plan } = await import('./plan.mjs')

const started = performance.now()
const python = preparePython()
const solver = buildSolver()
const machine = describeMachine()
const measuring = { solver, python, folder, scratch, repeat: plan(options.quick).repeat }

if (options.only.includes('national')) national()
if (options.only.includes('growth')) await growth()
if (options.only.includes('bands')) bands()
if (options.only.includes('travel-survey')) travelSurvey()
if (options.only.includes('motivating-fault')) motivatingFault()
process.stderr.write(`\n${results}: ${((performance.now() - started) / 60_000).toFixed(1)} min\n`)

function national() {
  const rows = measureAll(plan(options.quick).national, measuring)
  writeCsv('national.csv', toCsv(rows))
  publish('national', 'National shape', `${comparisonTable(rows)}\n\n${oursTable(rows)}`)
}

async function growth() {
  const { growth: cases, growthAxes } = plan(options.quick)
  const rows = measureAll(cases, measuring)
  writeCsv('growth.csv', toCsv(rows))
  writeFileSync(join(results, 'growth.svg'), await growthFigure(rows, growthAxes))
  publish('growth', 'Growth', `${comparisonTable(rows)}\n\n${oursTable(rows)}`)
}

function bands() {
  const rows = measureAll(plan(options.quick).bands, measuring)
  writeCsv('bands.csv', toCsv(rows))
  publish('bands', 'Bands', bandsTable(rows))
}

function travelSurvey() {
  const cases = resolve(process.env.EQUIPOISE_CASES ?? join(root, '../shared/cases'))
  if (!existsSync(join(cases, 'travel_survey'))) {
    process.stderr.write(`travel survey left out: no ${join(cases, 'travel_survey')} (set EQUIPOISE_CASES)\n`)
    return
  }
  publish('travel_survey', 'Travel survey', runPython('travel_survey.py', ['--cases', cases]))
  stamp('travel_survey.csv')
}

function motivatingFault() {
  publish('motivating_fault', 'The motivating fault', runPython('motivating_fault.py', []))
  stamp('motivating_fault.csv')
}

function runPython(script, extra) {
  process.stderr.write(`${script} …\n`)
  const common = ['--solver', solver, '--scratch', scratch, '--out', results]
  const quick = options.quick ? ['--quick'] : []
  return outputOf([python, join(folder, script), ...common, ...quick, ...extra]).trim()
}

/** Prints a table and keeps it beside its CSV. */
function publish(name, title, tables) {
  const text = `## ${title}\n\n${machine}\n\n${tables}\n`
  process.stdout.write(`\n${text}`)
  writeFileSync(join(results, `${name}.md`), text)
}

function writeCsv(name, text) {
  writeFileSync(join(results, name), `# ${machine}\n${text}`)
}

function stamp(name) {
  writeCsv(name, readFileSync(join(results, name), 'utf8'))
}

function describeMachine() {
  const memory = Math.round(totalmem() / 2 ** 30)
  const date = new Date().toISOString().slice(0, 10)
  const packages = outputOf([python, '-m', 'pip', 'list', '--format=freeze'])
    .split('\n')
    .filter((line) => /^(numpy|scipy|osqp|torch)==/.test(line))
  const rust = outputOf(['rustc', '--version']).split(' ')[1]
  const size = `${cpus()[0].model}, ${availableParallelism()} cores, ${memory} GB`
  return `${date}; ${size}; ${process.platform} ${process.arch}; Rust ${rust}; ${packages.join('; ')}`
}

function buildSolver() {
  const cargo = ['build', '--release', '--locked', '--package', 'equipoise', '--example', 'bench_reweight']
  run('Building the Rust side', 'cargo', cargo)
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
  return join(
    target,
    'release',
    'examples',
    process.platform === 'win32' ? 'bench_reweight.exe' : 'bench_reweight',
  )
}

/** A virtual environment with the peers; PyTorch (some gigabytes on Linux) only if asked for. */
function preparePython() {
  const environment = join(folder, '.venv')
  const windows = process.platform === 'win32'
  const inside = windows ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python')
  if (!existsSync(inside)) {
    const system = process.env.PYTHON ?? (windows ? 'python' : 'python3')
    run('Making the virtual environment', system, ['-m', 'venv', environment])
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  run('Installing the peers', inside, [...pip, '--requirement', join(folder, 'requirements.txt')])
  if (options.torch) run('Installing PyTorch', inside, [...pip, 'torch'])
  return inside
}
