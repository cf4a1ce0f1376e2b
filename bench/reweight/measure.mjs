// Runs one solver on one problem in a process of its own and returns its row.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fail } from '../../scripts/process.mjs'

const seed = 1

/** Measures every solver of `cases`; the first of each case is ours, gives the optimum, and is what ratios refer to. */
export function measureAll(cases, { solver, python, folder, scratch, repeat }) {
  const rows = []
  for (const one of cases) {
    const problem = exportProblem(one, solver, scratch)
    const optimum = join(scratch, 'optimum.f64')
    const common = ['--problem', problem, ...formOptions(one), '--time-limit', String(one.limit)]
    const subcommand = one.form === 'bands' ? 'bands' : 'solve'
    let reference
    for (const entry of one.solvers) {
      process.stderr.write(`${one.records} × ${one.targets}, ${formLabel(one)}: ${entry.label} … `)
      const rust = [solver, subcommand, ...common, '--method', entry.method, '--threads', `${entry.threads}`]
      const command = entry.peer
        ? [python, join(folder, 'peer.py'), entry.peer, ...common, '--optimum', optimum]
        : [
            ...[...rust, '--repeat', String(entry.isOurs ? repeat : 1)],
            ...[reference ? '--optimum' : '--answer', optimum],
          ]
      const row = { ...runRow(command, one.limit), label: entry.label, limit: one.limit }
      // The row of a process that had to be ended knows nothing, not even its case.
      Object.assign(row, { records: one.records, targets: one.targets, form: formLabel(one) })
      if (one.penalty) row.penalty = Number(one.penalty)
      else Object.assign(row, { tolerance: Number(one.tolerance), lower: one.lower, upper: one.upper })
      reference ??= row
      row.timeRatio = row.seconds / reference.seconds
      row.timeRatioWithPreparation = (row.seconds + preparation(row, entry)) / withPreparation(reference)
      rows.push(row)
      process.stderr.write(`${row.seconds.toFixed(3)} s, ${row.outcome}\n`)
    }
  }
  return rows
}

const withPreparation = (row) => row.seconds + row.prepareSeconds

/** Clarabel builds its own matrices within its time: what our problem object took before is not its. */
const preparation = (row, entry) => (entry.method === 'clarabel' ? 0 : row.prepareSeconds)

function formOptions({ form, penalty, tolerance, lower, upper, elastic }) {
  if (form !== 'bands') return ['--penalty', penalty]
  return ['--tolerance', tolerance, '--lower', `${lower}`, '--upper', `${upper}`, '--elastic', elastic]
}

const formLabel = ({ form, penalty, tolerance, lower, upper }) =>
  form === 'bands' ? `±${100 * tolerance} %, [${lower}, ${upper}]` : `penalty ${penalty}`

function exportProblem({ records, targets }, solver, scratch) {
  const problem = join(scratch, 'problem.bin')
  const sizes = ['--records', String(records), '--targets', String(targets), '--seed', String(seed)]
  outputOf([solver, 'export', ...sizes, '--out', problem])
  return problem
}

/** A solver looks at its clock between iterations; one whose set-up alone takes longer is ended from outside. */
function runRow(command, limit) {
  const grace = 60
  const result = spawn(command, { timeout: 1000 * (limit + grace) })
  if (result.error?.code === 'ETIMEDOUT') {
    return { seconds: limit + grace, outcome: 'ended from outside', timeLimit: true }
  }
  return JSON.parse(checked(command, result).stdout)
}

export function outputOf(command) {
  return checked(command, spawn(command)).stdout
}

function spawn([program, ...args], options = {}) {
  // NumPy's threads slow SciPy's L-BFGS-B down (its vectors are short): the peers get the setting that suits them.
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1' }
  return spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, env, ...options })
}

function checked(command, result) {
  if (result.error) fail(`${command[0]} could not be started: ${result.error.message}`)
  if (result.status !== 0) {
    fail(`${command.join(' ')}: exit ${result.status ?? result.signal}\n${result.stderr}`)
  }
  return result
}
