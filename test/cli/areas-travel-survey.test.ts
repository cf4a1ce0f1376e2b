import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readWeightTable } from '../../ts/cli/weights-file.js'
import { caseFolder, folder } from '../data/folder.js'
import { equipoise } from './run.js'

const survey = caseFolder('travel_survey')
/** Reference answers, computed with 200 bits from the decimal data and rounded to doubles. */
const reference = survey ? JSON.parse(readFileSync(`${survey}/reference.json`, 'utf8')) : null

const keys = ['1', '2', '3', '4']
const data = [
  ...['--records', `${survey}/households.csv`, '--id', 'hhID', '--weight', 'HHweight'],
  ...['--child', `${survey}/persons.csv:hhID`, '--null', 'NA', '--targets', `${survey}/targets.csv`],
]

/** The largest distance of an area's multipliers from those that the reference lists. */
async function distance(file: string, area: string, expected: readonly number[]): Promise<number> {
  const table = await readWeightTable(file, { path: '--out', id: 'hhID', columns: ['multiplier'] })
  const of = new Map(table.ids!.map((id, i) => [id, table.numbers[0]![i]!]))
  const ids: readonly number[] = reference.records[area].hhID
  return Math.max(...ids.map((id, i) => Math.abs(of.get(String(id))! - expected[i]!)))
}

describe.runIf(survey)('the four areas of the travel survey as a batch', () => {
  const areas = `areaColumn: SUBREGCluster\nareas:\n${keys.map((key) => `  - key: '${key}'\n`).join('')}`

  /** Solves the batch; per area the largest distance from the multipliers that the reference lists. */
  async function distances(
    options: string[],
    expectedOf: (key: string) => readonly number[],
  ): Promise<number[]> {
    const at = folder({ 'areas.yaml': areas })
    const run = await equipoise(
      ['areas', ...data, ...options, '--areas', 'areas.yaml', '--out', 'out', '--no-pages', '--quiet'],
      { cwd: at('.') },
    )
    expect(run).toEqual({ code: 0, stdout: '', stderr: '' })
    return Promise.all(keys.map((key) => distance(at(`out/areas/${key}/weights.csv`), key, expectedOf(key))))
  }

  const controls = ['--targets-where', 'importance IS NOT NULL']

  it('give the reference multipliers of the penalty form', async () => {
    const { per_area } = reference?.penalty_form.controls['1e-4'] ?? {}
    const found = await distances([...controls, '--penalty', '1e-4'], (key) => per_area[key].m)
    expect(Math.max(...found)).toBeLessThanOrEqual(4e-15)
  })

  it.each([
    ['controls', controls],
    ['all', []],
    ['controls_without_PComm_o', ['--targets-where', "importance IS NOT NULL AND name <> 'PComm_o'"]],
  ])('give the reference multipliers of the bands: %s', async (set, selection) => {
    const { per_area } = reference.band_form[set]
    const form = ['--form', 'bands', '--band', '0.5%', '--bounds', '0.5,4']
    const found = await distances([...selection, ...form], (key) => per_area[key].x)
    expect(Math.max(...found)).toBeLessThanOrEqual(1e-13)
  })

  it.each(['linear', 'raking', 'logit'])(
    'give the reference multipliers of the calibration: %s',
    async (distance) => {
      const { targets, per_area } = reference.calibration.independent_18
      const names = targets.map((name: string) => `'${name}'`).join(', ')
      const form = ['--form', 'calibrate', '--distance', distance, '--bounds', '0.5,4']
      const found = await distances(
        ['--targets-where', `name IN (${names})`, ...form],
        (key) => per_area[key][distance].g,
      )
      expect(Math.max(...found)).toBeLessThanOrEqual(4e-10)
    },
  )
})
