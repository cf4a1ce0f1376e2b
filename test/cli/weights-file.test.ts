import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkWeightsFile, inOrderOf, readWeightTable, writeWeights } from '../../ts/cli/weights-file.js'
import { folder } from '../data/folder.js'

const hard = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 123456789.12345679, 2 ** 53, 1e21, 1e-7]
const records = {
  idColumn: 'hh ID',
  idType: 'VARCHAR',
  ids: ['007', '7', 'a,b', 'say "hi"', 'two\nlines', ' x ', 'NA', 'é'],
  weights: Float64Array.from(hard),
  multipliers: Float64Array.from(hard, (x) => 1 / x),
}

it.each(['csv', 'parquet'])(
  'writes %s that reads back to the same ids and the same doubles',
  async (format) => {
    const at = folder()
    const file = at(`weights.${format}`)
    await writeWeights(file, file, records)
    const table = await readWeightTable(file, {
      path: '--weights',
      id: 'hh ID',
      columns: ['weight', 'multiplier'],
    })
    expect(table.ids).toEqual(records.ids)
    expect(table.numbers[0]).toEqual(records.weights)
    expect(table.numbers[1]).toEqual(records.multipliers)
    expect(readdirSync(at('.'))).toEqual([`weights.${format}`])
  },
)

it('writes any finite double with digits that read back to it', async () => {
  const at = folder()
  const file = at('weights.csv')
  const values = Float64Array.from(
    fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 5000, seed: 1 }),
  )
  const ids = Array.from(values, (_, i) => String(i))
  await writeWeights(file, file, {
    idColumn: 'id',
    idType: 'BIGINT',
    ids,
    weights: values,
    multipliers: values,
  })
  const table = await readWeightTable(file, {
    path: '--weights',
    id: undefined,
    columns: ['weight', 'multiplier'],
  })
  expect(table.numbers[0]!.findIndex((value, i) => value !== values[i])).toBe(-1)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines[0]).toBe('id,weight,multiplier')
  expect(lines[1]).toBe(`0,${values[0]},${values[0]}`)
})

it('joins by id whatever the order, and says which record is missing', async () => {
  const at = folder({
    'b.csv': 'id,weight\n2,20\n1,10\n',
    'c.csv': 'id,weight\n2,20\n9,10\n',
    'd.csv': 'id,weight\n2,20\n',
  })
  const read = (file: string) =>
    readWeightTable(at(file), { path: '<b>', id: undefined, columns: ['weight'] })
  const [b, c, d] = await Promise.all(['b.csv', 'c.csv', 'd.csv'].map(read))
  expect([...inOrderOf(['1', '2'], b!, b!.numbers[0]!, '<b>')]).toEqual([10, 20])
  expect(() => inOrderOf(['1', '2'], c!, c!.numbers[0]!, '<b>')).toThrow('<b>: expected the record 1')
  expect(() => inOrderOf(['1', '2'], d!, d!.numbers[0]!, '<b>')).toThrow(
    '<b>: expected 2 records, received 1',
  )
})

it.each([
  [
    'a missing number',
    'id,weight\n1,2\n2,\n',
    { code: 'format', path: expect.stringContaining('w.csv[1].weight') },
  ],
  ['a text', 'id,weight\n1,2\n2,x\n', { code: 'format', path: expect.stringContaining('w.csv[1].weight') }],
  [
    'an id twice',
    'id,weight\n1,2\n1,3\n',
    { code: 'not_unique', path: expect.stringContaining('w.csv[1].id') },
  ],
  ['no such column', 'id,w\n1,2\n', { code: 'unknown_column', path: '--gold-star' }],
])('refuses weights with %s', async (_, content, error) => {
  const file = folder({ 'w.csv': content })('w.csv')
  const read = readWeightTable(file, { path: '--gold-star', id: undefined, columns: ['weight'] })
  await expect(read).rejects.toMatchObject({ name: 'InputError', ...error })
})

it('refuses a weights file of another kind, or an id column of the name of another one', () => {
  expect(() => checkWeightsFile('weights.xlsx', 'id')).toThrow(
    '--out: expected a file ending in .csv or .parquet',
  )
  expect(() => checkWeightsFile('weights.csv', 'Weight')).toThrow('--id')
  expect(() => checkWeightsFile(undefined, 'weight')).not.toThrow()
})
