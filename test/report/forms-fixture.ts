import type { ReportInput } from '../../ts/report/render.js'
import type { BandDocument, BandDocumentTarget } from '../../ts/reweight/band-document.js'
import type { CalibrationDocument } from '../../ts/reweight/calibration-document.js'
import type { DocumentExplanation } from '../../ts/reweight/infeasibility-document.js'
import { nationalFixture } from './fixture.js'

const { certificate: base, goldStar: _, ...input } = nationalFixture(2000, 60)
const { penalty: __, ...rest } = base.options
const options = {
  ...rest,
  data: {
    ...{
      id: 'hhID',
      weight: 'HHweight',
      children: [{ childKey: 'hhID', recordKey: null }],
      nullMarkers: ['NA'],
    },
    ...{
      targetsWhere: `name IN (${base.targets.map(({ name }) => `'${name}'`).join(',')})`,
      areaColumn: null,
    },
  },
}

const bandTargets = base.targets.map((target, j): BandDocumentTarget => {
  const half = 0.005 * target.target
  const [lower, upper] = [target.target - half, target.target + half]
  const isOutside = j % 7 === 2
  const after = target.target + half * (isOutside ? -1.4 : j % 3 === 0 ? 1 : 0.3)
  return {
    ...{ name: target.name, target: target.target, lower, upper, before: target.before, after },
    relativeError: (after - target.target) / target.target,
    binding: isOutside ? 'lower' : j % 3 === 0 ? 'upper' : 'none',
    outside: isOutside ? lower - after : 0,
    pricePerUnit: isOutside ? 0.004 : 0,
    pricePerPercent: isOutside ? -12.5 - j : j % 3 === 0 ? -0.25 : 0,
    dual: [isOutside ? -0.004 : 0, 0],
  }
})

const figures = {
  ...{ dualityGap: 1e-20, relativeGap: 2e-25, distanceBound: 2.2e-16, relativeDistanceBound: 1.1e-16 },
  ...{ boundBeforeRounding: 1e-22, dualResidual: 3e-20, smallestPivot: 1e-4 },
  ...{ numAtLower: base.numAtLower, numAtUpper: base.numAtUpper },
}
const common = {
  ...{
    status: 'converged' as const,
    message: base.message,
    inputs: base.inputs,
    iterations: 6,
    numGroups: 800,
  },
  ...{ designEffect: base.designEffect, effectiveSampleSize: base.effectiveSampleSize, infeasibility: null },
  ...{ warnings: [], impossibleTargets: [], distribution: base.distribution, digest: base.digest },
  timing: base.timing,
}

const bands: BandDocument = {
  schema: 'equipoise/band-certificate/1',
  ...common,
  method: 'proximal_newton',
  options: {
    ...options,
    ...{
      form: 'bands',
      band: 0.005,
      zeroTolerance: null,
      weight: 1e6,
      importance: 'importance',
      importanceAs: 'weight',
    },
    ...{ distanceWeight: null, method: 'auto' },
    overrides: [
      { match: 'wages_*', band: { absolute: 100 }, weight: 'hard', optional: false },
      { match: 'returns_<b>', weight: 10, optional: true },
    ],
  },
  ...figures,
  ...{ objective: 384_394.14, distance: 1313.98, bandCost: 383_080.16, structureProven: true },
  ...{ largestViolation: 0.002, stationarity: 1e-12, feasibility: 0, complementarity: 0 },
  attempts: [
    {
      ...{ method: 'proximal_newton', outcome: 'converged', message: 'certified', iterations: 6 },
      distanceBound: 2.2e-16,
    },
  ],
  history: base.history.map((step) => ({ ...step, method: 'proximal_newton' })),
  priorities: null,
  targets: bandTargets,
}

const calibration: CalibrationDocument = {
  schema: 'equipoise/calibration-certificate/1',
  ...common,
  options: {
    ...{ ...options, form: 'calibrate', distance: 'sinh', alpha: 0.5, qWeight: 'q', cluster: 'household' },
    ...{ cost: 'cost', bounds: null, maxIterations: 200 },
  },
  ...figures,
  ...{ objective: 25_019.08, relaxationCost: 12.5, constraintResidual: 1e-17, numDependent: 2 },
  history: base.history.map((step) => ({ ...step, method: 'newton' })),
  targets: base.targets.map((target, j) => ({
    ...{ name: target.name, target: target.target, before: target.before },
    after: target.target * (j === 4 ? 0.99 : 1),
    relativeError: j === 4 ? -0.01 : 0,
    lambda: (j - 30) * 1e-3,
    relaxed: j === 4,
    dependent: j === 5 || j === 6,
    dual: [(j - 30) * 1e-3, 0],
  })),
}

const [first, second] = base.targets.map(({ name }) => name) as [string, string]
const explanation: DocumentExplanation = {
  minimalSets: [
    {
      sentence: `"${first}" must be at least 120 and "${second}" at most 80, but every record counts at least as much for the second.`,
      members: [
        { name: first, side: 'lower', edge: 120, factor: 1 },
        { name: second, side: 'upper', edge: 80, factor: -1 },
      ],
      ...{ required: 40, attainable: 12.5, gap: 27.5, numAtLower: 12, numAtUpper: 3 },
      records: [{ id: 'h<17>', side: 'upper', bound: 4, pressure: 6.5 }],
      minimal: true,
    },
  ],
  allSets: false,
  removal: [first],
  relaxations: [
    {
      sentence: `Let "${first}" be 92.5 instead of 120.`,
      ...{ kind: 'one_target', set: 0, cost: 0.229, costAtLeast: 0.2289 },
      changes: [{ name: first, side: 'lower', from: 120, to: 92.5, fraction: 0.229 }],
    },
  ],
}
const direction = base.targets.map((_, j) => (j === 0 ? 1 : j === 1 ? -1 : 0))
const contradiction = { status: 'infeasible' as const, message: 'The hard bands cannot hold together.' }

/** A report of each form, and of contradictions with and without their explanation. */
export const formFixtures: Record<string, ReportInput> = {
  bands: { ...input, certificate: bands },
  'bands by rank': {
    ...input,
    certificate: {
      ...bands,
      priorities: [9, 1].map((importance) => ({
        ...{
          importance,
          violation: 1 / importance,
          violationBound: 0.9 / importance,
          isProven: importance > 1,
        },
        targets: bandTargets.map(({ name, outside }) => ({ name, outside })),
      })),
    },
  },
  calibration: { ...input, certificate: calibration },
  'infeasible bands': {
    ...input,
    certificate: { ...bands, ...contradiction, infeasibility: { direction, margin: 27.5, explanation } },
  },
  'infeasible calibration': {
    ...input,
    certificate: {
      ...calibration,
      ...contradiction,
      infeasibility: { direction, margin: 27.5, explanation: null },
    },
  },
}
