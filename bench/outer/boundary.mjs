// What an objective in TypeScript costs: microseconds for each outer iteration beyond the same search in Rust and beyond the
// time that the JavaScript of the objective itself takes. After `npm run setup`:
//
//     node bench/outer/boundary.mjs [repetitions] [parameters]
import { execFileSync } from 'node:child_process'
import { minimizeOuter, minimizeOuterSync } from 'equipoise'

const [repetitions = 9, n = 10] = process.argv.slice(2).map(Number)
const example = ['--quiet', '--release', '--locked', '--package', 'equipoise', '--example', 'outer_boundary']
execFileSync('cargo', ['build', ...example])

/** The chained function of Rosenbrock, with the arithmetic of crates/equipoise/examples/outer_boundary.rs. */
function evaluate(theta) {
  let value = 0
  const gradient = new Float64Array(n)
  for (let i = 0; i + 1 < n; i++) {
    const [r, s] = [theta[i + 1] - theta[i] * theta[i], 1 - theta[i]]
    value += 100 * (r * r) + s * s
    gradient[i] += -400 * (theta[i] * r) - 2 * s
    gradient[i + 1] += 200 * r
  }
  return { value, gradient }
}

const options = {
  initialRho: Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
  bounds: [-30, 30],
}
const objectives = {
  sync: { gradient: 'analytic', evaluate },
  promises: { gradient: 'analytic', evaluate: async (theta) => evaluate(theta) },
}
const runs = {
  minimizeOuterSync: () => minimizeOuterSync(objectives.sync, options),
  'minimizeOuter, functions that return at once': () => minimizeOuter(objectives.sync, options),
  'minimizeOuter, promises': () => minimizeOuter(objectives.promises, options),
}

const rust = JSON.parse(
  execFileSync('target/release/examples/outer_boundary', [repetitions, n], { encoding: 'utf8' }),
)
const micros = (seconds) => `${(1e6 * seconds).toFixed(2)} µs`
console.log(
  `${n} parameters, ${rust.iterations} outer iterations, best of ${repetitions}; digest ${rust.digest}`,
)
console.log(`Rust: ${micros(rust.seconds / rust.iterations)} for each outer iteration`)
for (const [name, run] of Object.entries(runs)) {
  const { seconds, answer } = await best(run)
  const own = objectiveSeconds(answer)
  const more = (seconds - own - rust.seconds) / answer.iterations
  console.log(
    `${name}: ${micros(seconds / answer.iterations)}, of which ${micros(own / answer.iterations)} in the objective; ` +
      `${micros(more)} more than Rust; digest ${answer.digest}`,
  )
}

async function best(run) {
  for (let k = 0; k < 20; k++) await run()
  let [seconds, answer] = [Number.POSITIVE_INFINITY]
  for (let k = 0; k < 20 * repetitions; k++) {
    const begin = performance.now()
    answer = await run()
    seconds = Math.min(seconds, (performance.now() - begin) / 1e3)
  }
  return { seconds, answer }
}

/** The time of as many evaluations as the search made. */
function objectiveSeconds({ evaluations, rho }) {
  const count = Object.values(evaluations).reduce((sum, kind) => sum + kind)
  let seconds = Number.POSITIVE_INFINITY
  for (let k = 0; k < repetitions; k++) {
    const begin = performance.now()
    for (let i = 0; i < 1000; i++) evaluate(rho)
    seconds = Math.min(seconds, (performance.now() - begin) / 1e6)
  }
  return seconds * count
}
