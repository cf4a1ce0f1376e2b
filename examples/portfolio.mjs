// The efficient frontier: the least variance at a given return, with weights that add up to 1 and no short positions.
//
// `node examples/portfolio.mjs` takes four assets of its own, `node examples/portfolio.mjs port1.txt` those of a file of OR-Library
// (number of assets; mean and standard deviation of each; i, j, correlation for i <= j).
import { readFileSync } from 'node:fs'
import { QpProblem } from 'equipoise'

const assets = `4
0.05 0.10  0.08 0.18  0.11 0.25  0.03 0.06
1 1 1  1 2 0.3  1 3 0.2  1 4 0.1  2 2 1  2 3 0.6  2 4 0.0  3 3 1  3 4 -0.1  4 4 1`

const file = process.argv[2]
const { mean, covariance } = read(file === undefined ? assets : readFileSync(file, 'utf8'))

const problem = new QpProblem({
  P: covariance.map((row) => row.map((value) => 2 * value)),
  q: mean.map(() => 0),
  A: [mean.map(() => 1), mean],
  l: [1, -Infinity],
  u: [1, Infinity],
  bounds: [0, Infinity],
})
const least = problem.solveSync()
console.log(`${least.status}: ${least.message}`)
const lowest = least.x.reduce((sum, weight, i) => sum + weight * mean[i], 0)
const highest = Math.max(...mean)
show(lowest, least)
for (let step = 1; step <= 4; step++) {
  const target = lowest + ((highest - lowest) * step) / 4
  problem.update({ l: [1, target], u: [1, target] })
  show(target, problem.solveSync())
}

function show(expected, { status, objective, x }) {
  const held = Array.from(x, (weight, i) => (weight > 1e-9 ? `${i + 1}:${weight.toFixed(4)}` : ''))
  const names = held.filter((name) => name !== '').join(' ')
  console.log(
    `${status}: return ${expected.toFixed(6)}, deviation ${Math.sqrt(objective).toFixed(6)}, ${names}`,
  )
}

function read(text) {
  const numbers = text.trim().split(/\s+/).map(Number)
  const n = numbers[0]
  const moment = (i, k) => numbers[1 + 2 * i + k]
  const range = Array.from({ length: n }, (_, i) => i)
  const covariance = range.map(() => range.map(() => 0))
  for (let e = 1 + 2 * n; e + 2 < numbers.length; e += 3) {
    const [i, j] = [numbers[e] - 1, numbers[e + 1] - 1]
    const value = numbers[e + 2] * moment(i, 1) * moment(j, 1)
    covariance[i][j] = value
    covariance[j][i] = value
  }
  return { mean: range.map((i) => moment(i, 0)), covariance }
}
