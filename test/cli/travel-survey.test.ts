import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readWeightTable } from '../../ts/cli/weights-file.js'
import { caseFolder, folder } from '../data/folder.js'
import { equipoise } from './run.js'

const survey = caseFolder('travel_survey')
/** Reference answers, computed with 200 bits from the decimal data and rounded to doubles. */
const reference = survey ? JSON.parse(readFileSync(`${survey}/reference.json`, 'utf8')) : null

const data = [
  ...['--records', `${survey}/households.csv`, '--id', 'hhID', '--weight', 'HHweight'],
  ...['--child', `${survey}/persons.csv:hhID`, '--null', 'NA'],
  ...['--targets', `${survey}/targets.csv`, '--area-column', 'SUBREGCluster'],
]
const selection = {
  controls: ['--targets-where', 'importance IS NOT NULL'],
  all: [],
  controls_without_PComm_o: ['--targets-where', "importance IS NOT NULL AND name <> 'PComm_o'"],
  independent_18: ['--targets-where', `name IN (${namesOf('independent_18')})`],
  independent_19: ['--targets-where', `name IN (${namesOf('independent_19')})`],
}

/** The names of a set of targets as an SQL list. */
function namesOf(set: string): string {
  const names: string[] = reference?.calibration[set].targets ?? []
  return names.map((name) => `'${name}'`).join(', ')
}

type TargetSet = keyof typeof selection

/** The multipliers by household, and the certificate. */
async function multipliers(set: TargetSet, options: string[]) {
  const at = folder()
  const outputs = ['--out', 'w.csv', '--json', '--quiet']
  const run = await equipoise(['reweight', ...data, ...selection[set], ...options, ...outputs], {
    cwd: at('.'),
  })
  expect(run).toMatchObject({ code: 0, stderr: '' })
  const table = await readWeightTable(at('w.csv'), { path: '--out', id: 'hhID', columns: ['multiplier'] })
  return {
    all: table.numbers[0]!,
    of: new Map(table.ids!.map((id, i) => [id, table.numbers[0]![i]!])),
    certificate: JSON.parse(run.stdout),
  }
}

/** The largest distance over the 20 households of an area that the reference names. */
function distance(of: ReadonlyMap<string, number>, area: string, expected: readonly number[]): number {
  const ids: readonly number[] = reference.records[area].hhID
  return Math.max(...ids.map((id, i) => Math.abs(of.get(String(id))! - expected[i]!)))
}

const areas = ['1', '2', '3', '4']
const sets = ['controls', 'all'] as const
const isLong = process.env.EQUIPOISE_LONG_TESTS === '1'
const perArea = sets.flatMap((set) =>
  ['1e-2', '1e-4', '1e-6'].flatMap((penalty) => areas.map((area) => [set, penalty, area] as const)),
)
const joint = sets.flatMap((set) => ['1e-2', '1e-4', '1e-6'].map((penalty) => [set, penalty] as const))

describe.runIf(survey)('the travel survey from its CSV files', () => {
  it.each(isLong ? perArea : perArea.filter((_, i) => i % 5 === 0))(
    'gives the reference multipliers: %s, penalty %s, area %s',
    async (set, penalty, area) => {
      const expected = reference.penalty_form[set][penalty].per_area[area]
      const { of, all, certificate } = await multipliers(set, ['--penalty', penalty, '--area', area])
      expect(distance(of, area, expected.m)).toBeLessThanOrEqual(4e-15)
      // One number that sees every record.
      const sum = all.reduce((partial, multiplier, record) => partial + multiplier * Math.cos(record), 0)
      expect(sum).toBeCloseTo(Number(expected.sum_of_m_times_cos_of_record), 10)
      expect(certificate).toMatchObject({ numAtLower: expected.n_at_lower, numAtUpper: expected.n_at_upper })
      expect(certificate.objective / Number(expected.objective)).toBeCloseTo(1, 13)
      expect(certificate.distanceBound).toBeLessThanOrEqual(4e-15)
    },
  )

  it.each(isLong ? joint : joint.filter((_, i) => i % 5 === 0))(
    'gives the reference multipliers: %s, penalty %s, four areas jointly',
    async (set, penalty) => {
      const expected = reference.penalty_form[set][penalty].joint
      const { of, certificate } = await multipliers(set, ['--penalty', penalty])
      for (const area of areas)
        expect(distance(of, area, expected.per_area[area].m)).toBeLessThanOrEqual(4e-15)
      expect(certificate.objective / Number(expected.objective)).toBeCloseTo(1, 13)
    },
  )

  const bandSets = ['controls', 'all', 'controls_without_PComm_o'] as const
  const perBandArea = bandSets.flatMap((set) => areas.map((area) => [set, area] as const))
  const bands = ['--form', 'bands', '--band', '0.5%', '--elastic', '1e6', '--bounds', '0.5,4']

  it.each(isLong ? perBandArea : perBandArea.filter((_, i) => i % 5 === 0))(
    'gives the reference multipliers of the bands: %s, area %s',
    async (set, area) => {
      const expected = reference.band_form[set].per_area[area]
      const { of, all, certificate } = await multipliers(set, [...bands, '--area', area])
      expect(distance(of, area, expected.x)).toBeLessThanOrEqual(1e-13)
      const sum = all.reduce((partial, multiplier, record) => partial + multiplier * Math.cos(record), 0)
      expect(sum).toBeCloseTo(Number(expected.sum_of_x_times_cos_of_record), 9)
      expect(certificate).toMatchObject({ numAtLower: expected.n_at_lower, numAtUpper: expected.n_at_upper })
      expect(certificate.objective / Number(expected.objective)).toBeCloseTo(1, 13)
      const outside = certificate.targets.filter((target: { outside: number }) => target.outside > 0)
      expect(outside.map(({ name }: { name: string }) => name).sort()).toEqual(
        Object.keys(expected.misses).sort(),
      )
    },
  )

  it('gives them for the four areas jointly, in one problem and in bands by name', async () => {
    const everywhere = [
      '--form',
      'bands',
      '--band',
      '90%',
      '--band-override',
      '*: *=0.5%',
      '--bounds',
      '0.5,4',
    ]
    const { of, certificate } = await multipliers('controls', everywhere)
    for (const area of areas) {
      const expected = reference.band_form.controls.per_area[area]
      expect(distance(of, area, expected.x)).toBeLessThanOrEqual(1e-13)
    }
    expect(certificate.objective / Number(reference.band_form.controls.joint_objective)).toBeCloseTo(1, 13)
  })

  const distances = ['linear', 'raking', 'logit'] as const
  const perDistance = distances.flatMap((name) => areas.map((area) => [name, area] as const))

  it.each(isLong ? perDistance : perDistance.filter((_, i) => i % 5 === 0))(
    'gives the reference multipliers of the calibration: %s, area %s',
    async (name, area) => {
      const options = ['--form', 'calibrate', '--distance', name, '--bounds', '0.5,4', '--area', area]
      const expected = reference.calibration.independent_18.per_area[area][name]
      const { of, certificate } = await multipliers('independent_18', options)
      const ids: readonly number[] = reference.records[area].hhID
      ids.forEach((id, i) => {
        expect(Math.abs(of.get(String(id))! / expected.g[i] - 1)).toBeLessThanOrEqual(1e-10)
      })
      expect(certificate.objective / Number(expected.distance)).toBeCloseTo(1, 10)
      expect(certificate.constraintResidual).toBeLessThanOrEqual(1e-9)
    },
  )

  it.each([
    ['bands that must hold', 'controls', [...bands, '--elastic', 'hard']],
    [
      'the totals by the logit distance',
      'independent_19',
      ['--form', 'calibrate', '--distance', 'logit', '--bounds', '0.5,4'],
    ],
  ] as const)('proves that nothing meets %s in area 1', async (_, set, options) => {
    const at = folder()
    const arguments_ = [
      'reweight',
      ...data,
      ...selection[set],
      ...options,
      '--area',
      '1',
      '--json',
      '--quiet',
    ]
    const run = await equipoise(arguments_, { cwd: at('.') })
    expect(run.code).toBe(5)
    const { status, infeasibility } = JSON.parse(run.stdout)
    expect(status).toBe('infeasible')
    expect(infeasibility.margin).toBeGreaterThan(0)
  })
})
