import type { ReportInput } from '../../ts/report/render.js'
import type {
  CertificateDocument,
  DocumentIteration,
  DocumentStatus,
  DocumentTarget,
} from '../../ts/reweight/certificate-document.js'

export type PenaltyInput = ReportInput & { certificate: CertificateDocument }

/**
 * A reweighting of the national shape, small enough for a test: the numbers are drawn, not solved, but they have the
 * sizes and the spread of a real run. Deterministic: a report of it is the same bytes each time.
 */
export function nationalFixture(numRecords = 20_000, numTargets = 634): PenaltyInput {
  const random = generator(20251)
  const multipliers = Float64Array.from({ length: numRecords }, () => {
    const spread = Math.exp(0.55 * normal(random))
    return Math.min(10, Math.max(0.1, random() < 0.04 ? spread * 12 * random() ** 3 : spread))
  })
  const weightsBefore = Float64Array.from(
    { length: numRecords },
    () => 20 + 700 * Math.exp(0.9 * normal(random)),
  )
  const weightsAfter = weightsBefore.map((weight, i) => weight * (multipliers[i] as number))
  const targets = Array.from({ length: numTargets }, (_, j) => drawTarget(j, random))
  const numAtLower = multipliers.filter((m) => m === 0.1).length
  const numAtUpper = multipliers.filter((m) => m === 10).length
  const sumAfter = weightsAfter.reduce((sum, weight) => sum + weight, 0)
  const sumOfSquares = weightsAfter.reduce((sum, weight) => sum + weight * weight, 0)
  const effectiveSampleSize = sumAfter ** 2 / sumOfSquares
  const sorted = multipliers.toSorted()

  const certificate: CertificateDocument = {
    schema: 'equipoise/reweight-certificate/1',
    status: 'converged',
    message: 'newton: certified after 7 iterations',
    method: 'newton',
    options: {
      penalty: 1e-2,
      method: 'auto',
      tolerance: 1e-9,
      bounds: [0.1, 10],
      maxIterations: null,
      timeLimitSeconds: null,
      groupIdentical: true,
      dropImpossible: false,
      dropNonpositive: false,
    },
    inputs: {
      files: [
        { role: 'records', file: 'records.csv', bytes: 48_211_733, sha256: '9f'.repeat(32) },
        { role: 'targets', file: 'targets.csv', bytes: 61_204, sha256: '0c4d'.repeat(16) },
      ],
      numRecords,
      numTargets,
      numNonzeros: 12 * numRecords,
      droppedRecords: 3,
    },
    objective: 0.106512345678912,
    loss: 0.0912345678912345,
    dualityGap: 3.1e-28,
    relativeGap: 2.9e-27,
    distanceBound: 8.8817841970012523e-16,
    relativeDistanceBound: 1.1e-16,
    boundBeforeRounding: 2.9e-21,
    stationarity: 4.1e-18,
    feasibility: 0,
    complementarity: 0,
    dualResidual: 6.5e-26,
    numAtLower,
    numAtUpper,
    smallestPivot: 3.2e-5,
    designEffect: numRecords / effectiveSampleSize,
    effectiveSampleSize,
    iterations: 7,
    numGroups: numRecords,
    attempts: [
      {
        method: 'newton',
        outcome: 'converged',
        message: 'certified after 7 iterations and 2 double-double steps',
        iterations: 7,
        distanceBound: 8.8817841970012523e-16,
      },
    ],
    warnings: [
      'targets “wages_17” and “wages_18” have the same column: they can be met together only if their totals agree',
    ],
    impossibleTargets: targets.filter((target) => target.before === 0).map((target) => target.name),
    distribution: {
      minimum: sorted[0] ?? null,
      maximum: sorted.at(-1) ?? null,
      mean: multipliers.reduce((sum, m) => sum + m, 0) / numRecords,
      quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map((probability) => ({
        probability,
        value: sorted[Math.floor(probability * (numRecords - 1))] ?? null,
      })),
      designEffect: numRecords / effectiveSampleSize,
      effectiveSampleSize,
      sumOfWeightsBefore: weightsBefore.reduce((sum, weight) => sum + weight, 0),
      sumOfWeightsAfter: sumAfter,
    },
    history: newtonHistory(),
    digest: '54c24fffd48adee6',
    targets,
    timing: {
      totalSeconds: 0.412,
      setupSeconds: 0.051,
      gramSeconds: 0.173,
      factorSeconds: 0.064,
      passSeconds: 0.047,
      finishSeconds: 0.071,
      certificateSeconds: 0.006,
      threads: 2,
    },
  }
  return {
    title: 'National reweighting 2022',
    certificate,
    multipliers,
    weightsBefore,
    weightsAfter,
    recordIds: Array.from({ length: numRecords }, (_, i) => 100_000 + i),
    recordIdName: 'RECID',
    goldStar: {
      sentence: 'All 20,000 weights agree with the gold star within rtol 1e-5, atol 1e-8.',
      allclose: true,
      numRecords,
      numOutside: 0,
      largestAbsoluteDifference: 0,
      largestRelativeDifference: 0,
      referenceIsNotOptimal: null,
      rtol: 1e-5,
      atol: 1e-8,
      reference: 'gold-star.csv',
    },
  }
}

/** The same problem as one of the runs that did not end well. */
export function unfinishedFixture(status: Exclude<DocumentStatus, 'converged'>): PenaltyInput {
  const input = nationalFixture(500, 40)
  const failed = status === 'numerical_failure'
  const certificate: CertificateDocument = {
    ...input.certificate,
    status,
    message: `lbfgsb: ${status}`,
    method: 'lbfgsb',
    distanceBound: failed ? null : 0.0173,
    relativeDistanceBound: failed ? null : 0.21,
    boundBeforeRounding: failed ? null : 0.0173,
    dualityGap: failed ? null : 3.2e-4,
    smallestPivot: null,
    attempts: [
      {
        method: 'newton',
        outcome: 'numerical_failure',
        message: 'the matrix is singular',
        iterations: 2,
        distanceBound: null,
      },
      {
        method: 'lbfgsb',
        outcome: status,
        message: 'stopped',
        iterations: 30,
        distanceBound: failed ? null : 0.0173,
      },
    ],
    history: [...newtonHistory().slice(0, 3), ...lbfgsbHistory()],
  }
  if (failed) {
    input.multipliers.fill(Number.NaN, 0, 100)
    input.weightsAfter.fill(Number.NaN, 0, 100)
  }
  const { goldStar, ...rest } = input
  return { ...rest, certificate }
}

function drawTarget(j: number, random: () => number): DocumentTarget {
  const names = [
    'wages',
    'interest',
    'dividends',
    'pensions',
    'returns',
    'capital_gains',
    'social_security',
    'itemised',
  ]
  const agi = [
    'all',
    'under_10k',
    '10k_to_25k',
    '25k_to_50k',
    '50k_to_100k',
    '100k_to_200k',
    '200k_to_1m',
    'over_1m',
  ]
  const name = `${names[j % 8]}_${agi[Math.floor(j / 8) % 8]}_${j}`
  const target = Math.round(10 ** (4 + 8 * random()))
  const isImpossible = j === 17 || j === 333
  const errorBefore = isImpossible ? -1 : 0.12 * normal(random) + (random() < 0.05 ? 3 * random() : 0)
  const errorAfter = isImpossible ? -1 : errorBefore * 0.004 * Math.exp(1.6 * normal(random))
  const after = isImpossible ? 0 : target * (1 + errorAfter)
  return {
    name,
    target,
    before: isImpossible ? 0 : target * (1 + errorBefore),
    after,
    relativeError: (after - target) / target,
    price: -2 * errorAfter,
    dual: [2 * errorAfter, 1e-18 * errorAfter],
  }
}

function newtonHistory(): DocumentIteration[] {
  const residuals = [1, 0.21, 0.034, 2.7e-3, 4.1e-5, 6.2e-9, 8.3e-12]
  return residuals.map((residual, k) => ({
    method: 'newton',
    iteration: k,
    residual,
    objective: 0.1065 + residual / 9,
    stepLength: k === 1 ? 0.62 : 1,
    numFree: 18_000 - 100 * k,
    numChanged: k === 0 ? 0 : Math.round(2000 / k ** 3),
  }))
}

function lbfgsbHistory(): DocumentIteration[] {
  return Array.from({ length: 30 }, (_, k) => ({
    method: 'lbfgsb',
    iteration: k,
    residual: 0.9 ** k * (1 + 0.2 * Math.sin(k)),
    objective: 0.11,
    stepLength: 1,
    numFree: 400,
    numChanged: 3,
  }))
}

/** mulberry32: a documented 32-bit generator, enough to draw a test population. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Irwin–Hall: twelve uniforms less six are nearly normal. */
function normal(random: () => number): number {
  let sum = -6
  for (let k = 0; k < 12; k++) sum += random()
  return sum
}
