import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { numNonzeros } from '../../ts/data/matrix.js'
import { type ProblemSource, readProblem } from '../../ts/data/problem.js'
import { folder } from './folder.js'
import { entries } from './matrix-text.js'

// More records than one block of the matrix has, some without a weight.
const numRows = 40_000
const households = Array.from(
  { length: numRows },
  (_, i) => `h${i},${i % 1000 === 7 ? 0 : 1 + (i % 5)},${i % 7},${['north', 'south', 'west'][i % 3]}\n`,
)
// Children in an order of their own, the last record's first.
const persons = Array.from(
  { length: 90_000 },
  (_, p) => `h${(numRows - 1 - p * 7 + 20 * numRows) % numRows},${p % 90}\n`,
)

const targets = [
  'all,households,TRUE,,10,',
  'northern,households,TRUE,,10,north',
  'large,households,size >= 4,size,10,',
  'nobody,households,size > 90,,10,',
  'southern,households,size >= 4,size,10,south',
  'children,persons,age < 18,,10,',
  'ages,persons,TRUE,age,10,west',
  'nothing,persons,age < 0,age,10,',
]

function source(path: (name: string) => string, more: Partial<ProblemSource> = {}): ProblemSource {
  return {
    records: { files: [path('households.csv')] },
    children: [{ files: [path('persons.csv')], childKey: 'hh' }],
    id: 'hh',
    weight: 'w',
    targets: [path('targets.csv')],
    areaColumn: 'region',
    dropNonPositive: true,
    ...more,
  }
}

const files = (rows: string[]) => ({
  'households.csv': `hh,w,size,region\n${households.join('')}`,
  'persons.csv': `hh,age\n${persons.join('')}`,
  'targets.csv': `name,table,predicate,value,total,area\n${rows.join('\n')}\n`,
})

/** The entries by a plain reading of the tables. */
function expected(): Map<string, number> {
  const names = ['all', 'northern', 'large', 'nobody', 'southern', 'children', 'ages', 'nothing']
  const sums = new Map<string, number>()
  const add = (record: number, name: string, value: number) => {
    const key = `${record},${names.indexOf(name)}`
    if (value !== 0) sums.set(key, (sums.get(key) ?? 0) + value)
  }
  const recordOf: number[] = []
  const areaOf: string[] = []
  let numRecords = 0
  households.forEach((line, row) => {
    const [, weight, size, area] = line.trim().split(',') as [string, string, string, string]
    recordOf[row] = weight === '0' ? -1 : numRecords++
    areaOf[row] = area
    const record = recordOf[row]!
    if (record < 0) return
    add(record, 'all', 1)
    if (area === 'north') add(record, 'northern', 1)
    if (Number(size) >= 4) add(record, 'large', Number(size))
    if (Number(size) >= 4 && area === 'south') add(record, 'southern', Number(size))
  })
  for (const line of persons) {
    const [household, age] = line.trim().split(',') as [string, string]
    const row = Number(household.slice(1))
    const record = recordOf[row]!
    if (record < 0) continue
    if (Number(age) < 18) add(record, 'children', 1)
    if (areaOf[row] === 'west') add(record, 'ages', Number(age))
  }
  return sums
}

describe('the matrix of many records', () => {
  it('is what the tables say, in memory and in files', async () => {
    const path = folder(files(targets))
    const want = expected()
    for (const storage of ['memory', { folder: path('.') }] as const) {
      const problem = await readProblem(source(path, { storage }))
      expect(problem.records.numDropped).toBe(40)
      const found = entries(problem)
      expect(found.length).toBe(want.size)
      expect(numNonzeros(problem.matrix)).toBe(want.size)
      for (const line of found) {
        const [record, target, value] = line.split(',')
        if (want.get(`${record},${target}`) !== Number(value)) expect(line).toBe('an entry of the tables')
      }
    }
    expect(readdirSync(path('.')).sort()).toEqual(['households.csv', 'persons.csv', 'targets.csv'])
  })

  it('loses the columns of impossible targets, and no others', async () => {
    const path = folder(files(targets))
    const whole = await readProblem(source(path))
    for (const storage of ['memory', { folder: path('.') }] as const) {
      const problem = await readProblem(source(path, { storage, dropImpossible: true }))
      expect(problem.droppedTargets.map(({ name }) => name)).toEqual(['nobody', 'nothing'])
      const numbers = [0, 1, 2, 4, 5, 6]
      const renumbered = entries(problem).map((line) => {
        const [record, target, value] = line.split(',')
        return `${record},${numbers[Number(target)]},${value}`
      })
      expect(renumbered).toEqual(entries(whole))
    }
  })

  it('may come from child tables alone', async () => {
    const path = folder(files(targets.slice(5)))
    const problem = await readProblem(source(path))
    const want = [...expected()].filter(([key]) => Number(key.split(',')[1]) >= 5)
    expect(entries(problem).length).toBe(want.length)
    const found = new Map(entries(problem).map((line) => [line.slice(0, line.lastIndexOf(',')), line]))
    for (const [key, value] of want) {
      const [record, target] = key.split(',')
      const own = `${record},${Number(target) - 5}`
      expect(found.get(own)).toBe(`${own},${value}`)
    }
  })

  it('says where no file can be made', async () => {
    const path = folder(files(targets))
    const problem = readProblem(source(path, { storage: { folder: path('nowhere') } }))
    await expect(problem).rejects.toMatchObject({ code: 'file', path: 'storage.folder' })
  })
})
