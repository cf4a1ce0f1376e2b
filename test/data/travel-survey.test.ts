import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readProblem } from '../../ts/data/problem.js'
import { caseFolder } from './folder.js'
import { entries } from './matrix-text.js'

const folder = caseFolder('travel_survey')

const lines = (file: string) =>
  gunzipSync(readFileSync(`${folder}/${file}`))
    .toString()
    .trim()
    .split(/\r?\n/)
    .slice(1)

const source = {
  records: { files: [`${folder}/households.csv`] },
  children: [{ files: [`${folder}/persons.csv`], childKey: 'hhID' }],
  nullMarkers: ['NA'],
  id: 'hhID',
  weight: 'HHweight',
  targets: [`${folder}/targets.csv`],
  areaColumn: 'SUBREGCluster',
}

const byTargetAndRecord = (a: string, b: string) => {
  const [recordA, targetA] = a.split(',').map(Number)
  const [recordB, targetB] = b.split(',').map(Number)
  return targetA! - targetB! || recordA! - recordB!
}

describe.runIf(folder)('the travel survey', () => {
  it.each([1, 2, 3, 4])('gives the published matrix, ids and weights of area %i', async (area) => {
    const problem = await readProblem({ ...source, area: String(area) })
    expect(entries(problem)).toEqual(lines(`matrix_area${area}.csv.gz`).sort(byTargetAndRecord))
    const published = lines('records.csv.gz').map((line) => line.split(','))
    const records = published.filter(([recordArea]) => recordArea === String(area))
    expect(problem.records.ids).toEqual(records.map(([, , id]) => id))
    expect([...problem.records.designWeights]).toEqual(records.map(([, , , weight]) => Number(weight)))
    expect(problem.targets.map(({ name }) => name).slice(0, 3)).toEqual(['num_hh', 'HHSize_1', 'HHSize_2'])
    expect(problem.warnings).toEqual([])
  })

  it('gives the four areas as blocks of the joint problem, records in the order of the file', async () => {
    const problem = await readProblem(source)
    const record = new Map(problem.records.ids.map((id, i) => [id, i]))
    const global = new Map(
      lines('records.csv.gz').map((line) => {
        const [area, position, id] = line.split(',')
        return [`${area}/${position}`, record.get(id!)!]
      }),
    )
    const targetsOf = (area: number) =>
      problem.targets.flatMap((target, j) => (target.area === String(area) ? [j] : []))
    const expected = [1, 2, 3, 4].flatMap((area) => {
      const targets = targetsOf(area)
      return lines(`matrix_area${area}.csv.gz`).map((line) => {
        const [position, target, value] = line.split(',')
        return `${global.get(`${area}/${position}`)},${targets[Number(target)]},${value}`
      })
    })
    expect(entries(problem)).toEqual(expected.sort(byTargetAndRecord))
    expect(problem.records.ids.slice(0, 3)).toEqual(['206', '207', '208'])
  })

  it('selects targets by SQL over the targets file', async () => {
    const problem = await readProblem({ ...source, area: '3', targetsWhere: 'importance IS NOT NULL' })
    expect(problem.targets).toHaveLength(25)
    const rows = lines('matrix_area3.csv.gz').filter((line) => Number(line.split(',')[1]) < 25)
    expect(entries(problem)).toEqual(rows.sort(byTargetAndRecord))
  })

  it('reads the published matrix instead of predicates, by position among the records of the area', async () => {
    const { children, ...withoutChildren } = source
    const matrix = { files: [`${folder}/matrix_area2.csv.gz`], index: 'position' } as const
    const fromFile = await readProblem({ ...withoutChildren, area: '2', matrix })
    const fromPredicates = await readProblem({ ...source, area: '2' })
    expect(entries(fromFile)).toEqual(entries(fromPredicates))
  })

  it('finds nobody for IS NULL if the marker NA is not declared, and says what is wrong with POcc = 1', async () => {
    await expect(readProblem({ ...source, nullMarkers: [] })).rejects.toMatchObject({
      code: 'sql',
      path: expect.stringMatching(/^targets\[\d+\] \(\w+\)\.predicate$/),
      message: expect.stringContaining("Could not convert string 'NA' to INT"),
    })
  })
})
