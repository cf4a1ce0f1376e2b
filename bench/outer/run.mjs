// Compares the evaluations that solvers need on the reference problems: `node bench/outer/run.mjs`. See README.md beside this file.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail, root, run } from '../../scripts/process.mjs'
import { profileFigure } from './figure.mjs'
import { comparison, perProblem, toCsv } from './tables.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const results = join(folder, 'results')
mkdirSync(results, { recursive: true })
if (!process.env.EQUIPOISE_CASES && !existsSync(join(root, '../shared/cases'))) {
  fail('no reference cases: set EQUIPOISE_CASES to their folder')
}

const program = build()
const python = preparePython()
const problems = lines(program, ['problems'])
const runs = [...lines(program, ['solve']), ...lines(python, [join(folder, 'peer.py'), program])]
const machine = describeMachine()
const table = `${comparison(runs)}\n\n### Per problem\n\n${perProblem(runs)}`
const text = `## Evaluations on ${problems.length} problems\n\n${machine}\n\n${table}\n`
process.stdout.write(text)
writeFileSync(join(results, 'evaluations.md'), text)
writeFileSync(join(results, 'evaluations.csv'), `# ${machine}\n${toCsv(runs)}`)
writeFileSync(join(results, 'data_profile.svg'), await profileFigure(runs, problems))

function lines(command, commandArguments) {
  const output = execFileSync(command, commandArguments, { encoding: 'utf8', maxBuffer: 2 ** 30 })
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function build() {
  const given = process.env.BENCH_OUTER
  if (given) return given
  const manifest = join(folder, 'Cargo.toml')
  run('Building the Rust side', 'cargo', ['build', '--release', '--locked', '--manifest-path', manifest])
  const target = process.env.CARGO_TARGET_DIR ?? join(folder, 'target')
  return join(target, 'release', process.platform === 'win32' ? 'bench-outer.exe' : 'bench-outer')
}

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
  return inside
}

/** Counts do not depend on the machine; versions do matter. */
function describeMachine() {
  const versions = execFileSync(python, ['-m', 'pip', 'list', '--format=freeze'], { encoding: 'utf8' })
  const packages = versions.split('\n').filter((line) => /^(numpy|scipy)==/.test(line))
  const date = new Date().toISOString().slice(0, 10)
  const size = `${cpus()[0].model}, ${availableParallelism()} cores`
  return `${date}; ${size}; argmin 0.11; basin 3.2.0; ${packages.join('; ')}`
}
