// Eight households of a small survey, reweighted to four known totals. After `npm run setup`: node examples/reweight.mjs
import { ReweightProblem } from 'equipoise'

// One row per household: persons, children, owns a car.
const survey = [
  [1, 0, 1],
  [2, 0, 1],
  [4, 2, 1],
  [3, 1, 0],
  [1, 0, 0],
  [5, 3, 1],
  [2, 0, 0],
  [2, 1, 1],
]
const column = (j) => survey.map((household) => household[j])

const problem = new ReweightProblem({
  matrix: { format: 'columns', columns: [survey.map(() => 1), column(0), column(1), column(2)] },
  designWeights: [110, 95, 120, 80, 130, 60, 105, 90],
  targets: [
    { name: 'households', total: 800 },
    { name: 'persons', total: 2000 },
    { name: 'children', total: 640 },
    { name: 'households with a car', total: 500 },
  ],
  bounds: [0.5, 2],
})

const answer = await problem.solve({
  penalty: 1e-4,
  onProgress: ({ method, iteration, residual }) =>
    console.log(`${method} ${iteration}: ${residual.toExponential(1)}`),
})

console.log(`${answer.status}: ${answer.message}`)
console.log(`every multiplier is within ${answer.certificate.distanceBound.toExponential(1)} of the optimum`)
console.table(answer.targets.map(({ name, target, before, after }) => ({ name, target, before, after })))
console.log('weights', Array.from(answer.weights, (weight) => weight.toFixed(2)).join(' '))
console.log(`digest ${answer.digest}`)

// The same problem for a stricter and a looser hold on the design weights, each from the answer before.
for (const { digest, distribution } of await problem.sweep([1e-2, 1e-6])) {
  console.log(
    `${digest}: multipliers from ${distribution.minimum.toFixed(3)} to ${distribution.maximum.toFixed(3)}`,
  )
}

problem.dispose()
