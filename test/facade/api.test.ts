import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as equipoise from '../../ts/index.js'
import { REWEIGHT_METHODS, REWEIGHT_STATUSES, reweightDefaults } from '../../ts/index.js'

// The compiler holds this list to the declared exports; the test holds it to those that there are.
const declared: Record<keyof typeof equipoise, string> = {
  AREA_STATUSES: 'object',
  areasDefaults: 'function',
  areasDigest: 'function',
  auditOuterGradient: 'function',
  auditOuterGradientSync: 'function',
  BAND_METHODS: 'object',
  BAND_STATUSES: 'object',
  bandConfig: 'function',
  bandDefaults: 'function',
  CALIBRATION_DISTANCES: 'object',
  CALIBRATION_STATUSES: 'object',
  calibrationConfig: 'function',
  calibrationDefaults: 'function',
  compareWeights: 'function',
  diagnoseMinimize: 'function',
  diagnoseMinimizeSync: 'function',
  digest: 'function',
  DisposedError: 'function',
  EquipoiseError: 'function',
  explainDefaults: 'function',
  ExhaustionSums: 'function',
  generateNational: 'function',
  InputError: 'function',
  INTEGER_STATUSES: 'object',
  integerDefaults: 'function',
  InternalError: 'function',
  interruptedMinimum: 'function',
  interruptedResult: 'function',
  LinearConstraint: 'function',
  MINIMIZE_STATUSES: 'object',
  minimize: 'function',
  minimizeDefaults: 'function',
  minimizeOuter: 'function',
  minimizeOuterMultistart: 'function',
  minimizeOuterSync: 'function',
  minimizeSync: 'function',
  NonlinearConstraint: 'function',
  OUTER_STOP_REASONS: 'object',
  QP_METHODS: 'object',
  QP_STATUSES: 'object',
  QpProblem: 'function',
  qpDefaults: 'function',
  solveQp: 'function',
  solveQpSync: 'function',
  OuterSearchError: 'function',
  outerConfig: 'function',
  outerDefaults: 'function',
  outerReport: 'function',
  outerReportText: 'function',
  rebalance: 'object',
  RejectedPoint: 'function',
  renderSqpReport: 'function',
  REWEIGHT_METHODS: 'object',
  REWEIGHT_STATUSES: 'object',
  reweight: 'function',
  reweightConfig: 'function',
  reweightDefaults: 'function',
  ReweightProblem: 'function',
  ROUNDING_METHODS: 'object',
  standardErrorDefaults: 'function',
  standardErrors: 'function',
  version: 'function',
}

const source = (file: string) => readFileSync(new URL(`../../ts/${file}`, import.meta.url), 'utf8')

describe('the package', () => {
  it('exports what it declares', () => {
    const found = Object.fromEntries(Object.entries(equipoise).map(([name, value]) => [name, typeof value]))
    expect(found).toEqual(declared)
  })

  it('knows the statuses and methods that the native code has', () => {
    const statuses: Record<equipoise.ReweightStatus, true> = {
      converged: true,
      not_certified: true,
      iteration_limit: true,
      cancelled: true,
      numerical_failure: true,
    }
    expect(Object.keys(REWEIGHT_STATUSES).sort()).toEqual(Object.keys(statuses).sort())
    for (const sentence of Object.values(REWEIGHT_STATUSES)) expect(sentence).toMatch(/^[A-Z].*\.$/)
    const methods: Record<equipoise.ReweightMethod, true> = {
      auto: true,
      newton: true,
      lbfgsb: true,
      clarabel: true,
    }
    expect([...REWEIGHT_METHODS].sort()).toEqual(Object.keys(methods).sort())
    const provable = [...Object.keys(statuses), 'infeasible'].sort()
    for (const sentences of [equipoise.BAND_STATUSES, equipoise.CALIBRATION_STATUSES]) {
      expect(Object.keys(sentences).sort()).toEqual(provable)
      for (const sentence of Object.values(sentences)) expect(sentence).toMatch(/^[A-Z].*\.$/)
    }
    const bandMethods: Record<equipoise.BandMethod, true> = {
      auto: true,
      proximal_newton: true,
      clarabel: true,
    }
    expect([...equipoise.BAND_METHODS].sort()).toEqual(Object.keys(bandMethods).sort())
    const distances: Record<equipoise.CalibrationDistance, true> = {
      linear: true,
      truncated: true,
      raking: true,
      logit: true,
      sinh: true,
    }
    expect([...equipoise.CALIBRATION_DISTANCES].sort()).toEqual(Object.keys(distances).sort())
  })

  it('documents the defaults that the native code has', () => {
    expect(documentedDefaults('reweight/types.ts')).toEqual(reweightDefaults())
    expect(documentedDefaults('reweight/bands-types.ts')).toEqual(equipoise.bandDefaults())
    expect(documentedDefaults('reweight/calibration-types.ts')).toEqual(equipoise.calibrationDefaults())
    expect(documentedDefaults('reweight/integer.ts')).toEqual(equipoise.integerDefaults())
    expect(documentedDefaults('reweight/explain-types.ts')).toEqual(equipoise.explainDefaults())
    expect(documentedDefaults('reweight/replicates-types.ts')).toEqual(equipoise.standardErrorDefaults())
  })

  it('documents the defaults of comparisons and of the generator', () => {
    const allowed = (reference: number) => equipoise.compareWeights([1e300], [reference]).worst[0]!.allowed
    expect(documentedDefaults('reweight/gold-star.ts')).toEqual({
      rtol: allowed(1e20) / 1e20,
      atol: allowed(0),
    })
    const { targets, areas } = equipoise.generateNational({ records: 225_256, seed: 1 })
    expect(documentedDefaults('reweight/synthetic.ts')).toEqual({
      targets: targets.length,
      areas: areas.length,
    })
  })
})

/** The values behind `@default`, by the name of the property that follows. */
function documentedDefaults(file: string): Record<string, unknown> {
  const tags = source(file).matchAll(
    /@default ([^\n]*?)\s*(?:\*\/)?\n(?:\s*\*\/\n)?\s*(?:readonly )?(\w+)\?:/g,
  )
  return Object.fromEntries([...tags].map(([, value, name]) => [name!, literal(value!)]))
}

/** A JavaScript literal, by way of JSON. */
function literal(text: string): unknown {
  return JSON.parse(text.replaceAll("'", '"').replace(/(\w+):/g, '"$1":'))
}
