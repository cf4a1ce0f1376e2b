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
    const common = ['--problem', problem, '--penalty', one.penalty, '--time-limit', String(one.limit)]
    let reference
    for (const entry of one.solvers) {
      process.stderr.write(`${one.records} × ${one.targets}, penalty ${one.penalty}: ${entry.label} … `)
      const rust = [solver, 'solve', ...common, '--method', entry.method, '--threads', String(entry.threads)]
      const command = entry.peer
        ? [python, join(folder, 'peer.py'), entry.peer, ...common, '--optimum', optimum]
        : [
            ...[...rust, '--repeat', String(entry.method === 'newton' ? repeat : 1)],
            ...[reference ? '--optimum' : '--answer', optimum],
          ]
      const row = { ...runRow(command, one.limit), label: entry.label, limit: one.limit }
      // The row of a process that had to be ended knows nothing, not even its case.
      Object.assign(row, { records: one.records, targets: one.targets, penalty: Number(one.penalty) })
      reference ??= row
      row.timeRatio = row.seconds / reference.seconds
      rows.push(row)
      process.stderr.write(`${row.seconds.toFixed(3)} s, ${row.outcome}\n`)
    }
  }
  return rows
}

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
