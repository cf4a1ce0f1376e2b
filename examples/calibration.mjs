// Eight households of a small survey, calibrated to four known totals with every distance. After `npm run setup`:
// node examples/calibration.mjs
import { CALIBRATION_DISTANCES, ReweightProblem } from 'equipoise'

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

for (const distance of CALIBRATION_DISTANCES) {
  const answer = await problem.calibrate({ distance })
  const { minimum, maximum } = answer.distribution
  console.log(`${answer.status}: ${answer.message}`)
  console.log(`${distance}: multipliers from ${minimum.toFixed(4)} to ${maximum.toFixed(4)}`)
  console.log(`digest ${answer.digest}`)
}

// The total of the cars is known to some ten only: relaxed, it costs instead of binding.
const costs = [Infinity, Infinity, Infinity, 0.01]
const relaxed = await problem.calibrate({ distance: 'raking', costs })
const cars = relaxed.targets[3]
console.log(`${relaxed.status}: with the cars relaxed there are ${cars.after.toFixed(1)} for ${cars.target}`)

problem.dispose()
