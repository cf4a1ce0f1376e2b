// Tables of the evaluation counts.

const isOurs = (solver) => solver.startsWith('equipoise')
const unique = (values) => [...new Set(values)]
const evaluations = ({ reached }) => (reached ? reached.values + reached.gradients : null)

/** solver -> problem -> run */
function bySolver(runs) {
  const table = new Map()
  for (const run of runs) {
    if (!table.has(run.solver)) table.set(run.solver, new Map())
    table.get(run.solver).set(run.problem, run)
  }
  return table
}

const row = (cells) => `| ${cells.join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** Sums over the problems that all solvers of a group solve, and each peer against each of ours. */
export function comparison(runs) {
  const solvers = bySolver(runs)
  const problems = unique(runs.map((run) => run.problem))
  const bounded = [...solvers.keys()].filter((solver) => solvers.get(solver).size === problems.length)
  const unconstrained = problems.filter((problem) => [...solvers.values()].every((s) => s.has(problem)))
  const groups = [
    ['all problems, solvers that know bounds', bounded, problems],
    ['unconstrained problems, all solvers', [...solvers.keys()], unconstrained],
  ]
  const parts = groups.map(([title, names, among]) => groupTable(title, names, among, solvers))
  return [...parts, pairTable(solvers), failures(solvers)].join('\n\n')
}

function groupTable(title, names, among, solvers) {
  const solved = among.filter((p) => names.every((s) => evaluations(solvers.get(s).get(p)) !== null))
  const sum = (solver, count) => solved.reduce((total, p) => total + count(solvers.get(solver).get(p)), 0)
  const best = Math.min(...names.filter((n) => !isOurs(n)).map((n) => sum(n, evaluations)))
  const rows = names.map((name) => {
    const total = sum(name, evaluations)
    const hessians = sum(name, ({ reached }) => reached.hessians)
    return [name, total, (total / best).toFixed(3), hessians || '']
  })
  const head = ['solver', 'Σ (f + g calls)', '/ best peer', 'Hessians']
  return `### ${title}: ${solved.length} of ${among.length} that all solve\n\n${table(head, rows)}`
}

function pairTable(solvers) {
  const ours = [...solvers.keys()].filter(isOurs)
  const peers = [...solvers.keys()].filter((solver) => !isOurs(solver))
  const rows = peers.map((peer) => {
    const cells = ours.map((name) => {
      const both = [...solvers.get(peer).keys()].filter((p) => {
        return (
          evaluations(solvers.get(peer).get(p)) !== null && evaluations(solvers.get(name).get(p)) !== null
        )
      })
      const sum = (solver) => both.reduce((total, p) => total + evaluations(solvers.get(solver).get(p)), 0)
      return `${sum(name)} / ${sum(peer)} = ${(sum(name) / sum(peer)).toFixed(3)} (${both.length})`
    })
    return [peer, ...cells]
  })
  return `### In pairs: ours / peer, over the problems that both solve (their number)\n\n${table(['peer', ...ours], rows)}`
}

function failures(solvers) {
  const rows = [...solvers].map(([solver, runs]) => {
    const failed = [...runs.values()].filter((run) => !run.reached).map((run) => run.problem)
    return [solver, runs.size, failed.length, failed.join(', ')]
  })
  return `### Failures: projected gradient above 1e-6 to the end\n\n${table(['solver', 'problems', 'failed', 'which'], rows)}`
}

export function perProblem(runs) {
  const solvers = bySolver(runs)
  const rows = unique(runs.map((run) => run.problem)).map((problem) => {
    const cell = (solver) => {
      const run = solvers.get(solver).get(problem)
      return run ? (evaluations(run) ?? 'failed') : ''
    }
    return [problem, ...[...solvers.keys()].map(cell)]
  })
  return table(['problem', ...solvers.keys()], rows)
}

export function toCsv(runs) {
  const head = 'problem,solver,solved,values,gradients,hessians,f'
  const line = ({ problem, solver, reached, asked }) => {
    const { values, gradients, hessians } = reached ?? asked
    return [problem, solver, reached !== null, values, gradients, hessians, reached?.f ?? ''].join(',')
  }
  return `${[head, ...runs.map(line)].join('\n')}\n`
}
