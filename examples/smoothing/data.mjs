// Models for the examples: a generated one, and readers of published data.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identity, zeros } from './matrix.mjs'

const BASIS = 12
const PRIMES = [5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43]

/** n responses of two curves, E y = sin 6u + v²/2, in cubic B-splines with penalties on second differences (P-splines). */
export function twoCurves(n) {
  const x = []
  const y = []
  for (let i = 1; i <= n; i += 1) {
    // Fractional parts of multiples of irrational numbers are evenly spread; the sum of twelve less six is nearly normal.
    const uniform = (prime) => (i * Math.sqrt(prime)) % 1
    const [u, v] = [uniform(2), uniform(3)]
    const noise = PRIMES.reduce((sum, prime) => sum + uniform(prime), 0) - 6
    x.push([1, ...basis(u), ...basis(v)])
    y.push(Math.sin(6 * u) + 0.5 * v * v + 0.3 * noise)
  }
  const penalties = [0, 1].map((k) => ({ first: 1 + k * (BASIS - 1), matrix: secondDifferences() }))
  return { x, y, penalties }
}

/** The basis less its last function, so that the constant belongs to the intercept alone. */
const basis = (u) => Array.from({ length: BASIS - 1 }, (_, j) => cubicSpline(u * (BASIS - 3) - (j - 1)))

function cubicSpline(position) {
  const t = Math.abs(position)
  if (t < 1) return (4 - 6 * t * t + 3 * t * t * t) / 6
  return t < 2 ? (2 - t) ** 3 / 6 : 0
}

function secondDifferences() {
  const size = BASIS - 1
  const penalty = zeros(size, size)
  for (let first = 0; first < BASIS - 2; first += 1) {
    const difference = [
      [first, 1],
      [first + 1, -2],
      [first + 2, 1],
    ]
    for (const [i, a] of difference)
      for (const [j, b] of difference) if (i < size && j < size) penalty[i][j] += a * b
  }
  return penalty
}

/** y ~ fixed columns + one random effect per grouping `{ groups, multipliers }`; ρ = −2 log of lme4's θ. */
export function mixedModel({ y, fixed, groupings }) {
  const x = y.map((_, i) => fixed.map((column) => column[i]))
  const penalties = groupings.map(({ groups, multipliers }) => {
    const levels = [...new Set(groups)].sort()
    const first = x[0].length
    x.forEach((row, i) => {
      row.push(...levels.map((level) => (level === groups[i] ? multipliers[i] : 0)))
    })
    return { first, matrix: identity(levels.length) }
  })
  return { x, y, penalties }
}

/** The columns of a CSV file with a header, as texts by name. */
export function readColumns(file) {
  const [header, ...records] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(','))
  return Object.fromEntries(header.map((name, j) => [name, records.map((record) => record[j])]))
}

const readNumbers = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))

/** The mixed models of the folder of published fits, by name. */
export function publishedMixedModels(folder) {
  const dyestuff = readColumns(join(folder, 'lme4__Dyestuff.csv'))
  const pastes = readColumns(join(folder, 'lme4__Pastes.csv'))
  const sleep = readColumns(join(folder, 'lme4__sleepstudy.csv'))
  const ones = (column) => column.map(() => 1)
  const days = sleep.Days.map(Number)
  const batches = {
    y: dyestuff.Yield.map(Number),
    fixed: [ones(dyestuff.Batch)],
    groupings: [{ groups: dyestuff.Batch, multipliers: ones(dyestuff.Batch) }],
  }
  return {
    'Dyestuff ML': { ...mixedModel(batches), criterion: 'ml' },
    'Dyestuff REML': { ...mixedModel(batches), criterion: 'reml' },
    'Pastes ML': {
      ...mixedModel({
        y: pastes.strength.map(Number),
        fixed: [ones(pastes.batch)],
        groupings: [pastes.sample, pastes.batch].map((groups) => ({ groups, multipliers: ones(groups) })),
      }),
      criterion: 'ml',
    },
    'sleepstudy zerocorr ML': {
      ...mixedModel({
        y: sleep.Reaction.map(Number),
        fixed: [ones(days), days],
        groupings: [ones(days), days].map((multipliers) => ({ groups: sleep.Subject, multipliers })),
      }),
      criterion: 'ml',
    },
  }
}

/** The additive Poisson model of the folder of published fits. */
export function milesPerGallon(folder) {
  const [s1, s2] = ['mpg_S1.csv', 'mpg_S2.csv'].map((file) => readNumbers(join(folder, file)))
  const block = (matrix, from, to) => matrix.slice(from, to).map((row) => row.slice(from, to))
  return {
    x: readNumbers(join(folder, 'mpg_X.csv')),
    y: readNumbers(join(folder, 'mpg_y.csv')).flat(),
    penalties: [
      { first: 4, matrix: block(s1, 4, 15) },
      { first: 15, matrix: block(s2, 15, 24) },
    ],
    family: 'poisson',
    criterion: 'ubre',
    scale: 1,
  }
}
