// Eight households of a small survey, brought within 1 % of four known totals; what each tolerance costs; and why a total that is out of
// reach is. After `npm run setup`: node examples/bands.mjs
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
const targets = [
  { name: 'households', total: 800 },
  { name: 'persons', total: 2000 },
  { name: 'children', total: 640 },
  { name: 'households with a car', total: 500 },
]

const problem = new ReweightProblem({
  matrix: { format: 'columns', columns: [survey.map(() => 1), column(0), column(1), column(2)] },
  designWeights: [110, 95, 120, 80, 130, 60, 105, 90],
  targets,
  bounds: [0.5, 2],
})

// The number of households exactly, the others within 1 %.
const options = { band: 0.01, overrides: [{ match: 'households', band: 0, weight: 'hard' }] }
const answer = await problem.solveBands(options)
console.log(`${answer.status}: ${answer.message}`)
console.log(`digest ${answer.digest}`)
console.table(
  answer.targets.map(({ name, lower, upper, before, after, binding, pricePerPercent }) => ({
    name,
    band: `${lower} to ${upper}`,
    before,
    after: after.toFixed(2),
    binding,
    '+1 % saves': (-pricePerPercent).toFixed(4),
  })),
)

// Anyone with the data can check the answer without the solver.
const { isCertified, certificate } = problem.certifyBands(answer, options)
console.log(`checked: ${isCertified}, within ${certificate.distanceBound.toExponential(1)} of the optimum`)

// 1,100 children are too many for these households.
problem.update({
  targets: targets.map((target, j) => (j === 2 ? { ...target, total: 1100 } : target)),
})
const why = await problem.explainBands({ band: 0.01, weight: 'hard' })
console.log(why.message)
for (const { sentence } of why.relaxations) console.log(`- ${sentence}`)

problem.dispose()
