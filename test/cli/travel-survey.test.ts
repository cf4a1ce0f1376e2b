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
const selection = { controls: ['--targets-where', 'importance IS NOT NULL'], all: [] }

type TargetSet = keyof typeof selection

/** The multipliers by household, and the certificate. */
async function multipliers(set: TargetSet, penalty: string, options: string[]) {
  const at = folder()
  const run = await equipoise(
    [
      'reweight',
      ...data,
      ...selection[set],
      '--penalty',
      penalty,
      ...options,
      '--out',
      'w.csv',
      '--json',
      '--quiet',
    ],
    { cwd: at('.') },
  )
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
const sets: TargetSet[] = ['controls', 'all']
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
      const { of, all, certificate } = await multipliers(set, penalty, ['--area', area])
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
      const { of, certificate } = await multipliers(set, penalty, [])
      for (const area of areas)
        expect(distance(of, area, expected.per_area[area].m)).toBeLessThanOrEqual(4e-15)
      expect(certificate.objective / Number(expected.objective)).toBeCloseTo(1, 13)
    },
  )
})
