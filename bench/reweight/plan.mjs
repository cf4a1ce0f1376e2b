// What is measured: sizes, penalties, solvers and their time limits (seconds).

/** A solver: how its rows are labelled, and how it is started. */
const ours = (threads, method = 'newton') => ({
  label: `equipoise, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
  method,
  threads,
  isOurs: true,
})
const reference = ours(2)
const clarabel = { label: 'Clarabel', method: 'clarabel', threads: 1 }
const osqp = { label: 'OSQP, 1e-7', peer: 'osqp' }
const lbfgsb = { label: 'SciPy L-BFGS-B, gtol 1e-5', peer: 'scipy-lbfgsb' }

/** The solver that every ratio refers to; it runs first and its certified answer is the optimum of the others. */
export const referenceLabel = reference.label
export const labels = [reference, ours(1), clarabel, osqp, lbfgsb].map((solver) => solver.label)

const bandSolvers = [ours(2, 'proximal_newton'), ours(1, 'proximal_newton'), clarabel]

const national = { records: 225_256, targets: 634 }
const all = [reference, ours(1), clarabel, osqp, lbfgsb]

/** @param quick small sizes and short limits: to see that everything works. */
export function plan(quick) {
  if (quick) {
    return {
      repeat: 5,
      national: [
        { ...size(20_000, 200), penalty: '1e-2', solvers: all, limit: 6 },
        { ...size(20_000, 200), penalty: '1e-4', solvers: all, limit: 6 },
      ],
      growth: [
        ...[2_000, 6_000].map((n) => ({ ...size(n, 60), penalty: '1e-2', solvers: all, limit: 4 })),
        { ...size(20_000, 60), penalty: '1e-2', solvers: all, limit: 4 },
        { ...size(20_000, 20), penalty: '1e-2', solvers: all, limit: 4 },
      ],
      growthAxes: { targets: 60, records: 20_000 },
      bands: [
        { ...size(20_000, 92), ...bands('0.005', [0.1, 10]), solvers: bandSolvers, limit: 60 },
        { ...size(20_000, 92), ...bands('0.001', [0.5, 2]), solvers: bandSolvers, limit: 60 },
      ],
    }
  }
  return {
    repeat: 9,
    national: [
      { ...national, penalty: '1e-2', solvers: all, limit: 120 },
      { ...national, penalty: '1e-4', solvers: all, limit: 120 },
      { ...national, penalty: '1e-6', solvers: [reference, ours(1), clarabel], limit: 120 },
    ],
    growth: [
      ...[2_000, 7_000, 22_000, 70_000].map((n) => size(n, 200)),
      ...[20, 60, 200, national.targets].map((k) => size(national.records, k)),
    ].map((one) => ({ ...one, penalty: '1e-2', solvers: all, limit: 10 })),
    growthAxes: { targets: 200, records: national.records },
    bands: [
      { ...size(national.records, 92), ...bands('0.005', [0.1, 10]), solvers: bandSolvers, limit: 600 },
      { ...national, ...bands('0.005', [0.1, 10]), solvers: bandSolvers, limit: 600 },
      { ...national, ...bands('0.001', [0.5, 2]), solvers: bandSolvers, limit: 600 },
    ],
  }
}

/** Bands of this relative tolerance, elastic with the default weight. */
function bands(tolerance, [lower, upper]) {
  return { form: 'bands', tolerance, lower, upper, elastic: '1e6' }
}

function size(records, targets) {
  return { records, targets }
}
