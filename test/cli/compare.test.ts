import { expect, it } from 'vitest'
import { writeWeights } from '../../ts/cli/weights-file.js'
import { folder } from '../data/folder.js'
import { equipoise } from './run.js'

const files = {
  'a.csv': 'id,weight,multiplier\n1,10,1\n2,20,2\n3,30,3\n',
  'near.csv': 'id,weight\n3,30.0002\n1,10.0001\n2,20\n',
  'far.csv': 'id,weight\n3,30.0002\n1,10.01\n2,20\n',
  'other-order.csv': 'key,weight\n3,30\n1,10\n2,20\n',
  'other-records.csv': 'id,weight\n1,10\n2,20\n4,30\n',
  'nan.csv': 'id,weight\n1,10\n2,NaN\n3,30\n',
  'plain.csv': 'weight\n10\n20\n30\n',
}

it.each([
  ['near.csv', [], 0],
  ['far.csv', [], 4],
  ['far.csv', ['--atol', '0.1'], 0],
  ['far.csv', ['--rtol', '1e-2'], 0],
  ['near.csv', ['--rtol', '0', '--atol', '0'], 4],
  ['near.csv', ['--by-order'], 4],
  ['other-order.csv', [], 4],
  ['plain.csv', [], 0],
  ['nan.csv', [], 4],
  ['a.csv', ['--column', 'multiplier'], 0],
])('compares with %s %j: exit code %i', async (reference, options, code) => {
  const at = folder(files)
  const run = await equipoise(['compare', 'a.csv', reference, ...options], { cwd: at('.') })
  expect(run).toMatchObject({ code, stderr: '' })
  expect(run.stdout).not.toBe('')
})

it('is not symmetric: the second file is the reference', async () => {
  const at = folder({ 'zero.csv': 'id,weight\n1,0\n', 'one.csv': 'id,weight\n1,1\n' })
  const options = ['--rtol', '1', '--atol', '0', '--quiet']
  expect(await equipoise(['compare', 'zero.csv', 'one.csv', ...options], { cwd: at('.') })).toMatchObject({
    code: 0,
  })
  expect(await equipoise(['compare', 'one.csv', 'zero.csv', ...options], { cwd: at('.') })).toMatchObject({
    code: 4,
  })
})

it('prints the comparison as JSON', async () => {
  const at = folder(files)
  const run = await equipoise(['compare', 'a.csv', 'far.csv', '--json'], { cwd: at('.') })
  expect(JSON.parse(run.stdout)).toMatchObject({ allclose: false, numRecords: 3, numOutside: 1 })
})

it.each([
  ['other-records.csv', [], '<b>: expected the record 3'],
  ['nowhere.csv', [], '<b>: expected a readable file'],
  ['near.csv', ['--column', 'nope'], 'nope'],
  ['near.csv', ['--rtol', '-1'], 'rtol'],
])('refuses %s %j', async (reference, options, message) => {
  const at = folder(files)
  const run = await equipoise(['compare', 'a.csv', reference, ...options], { cwd: at('.') })
  expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
})

it('compares CSV with Parquet', async () => {
  const at = folder(files)
  const ids = ['3', '1', '2']
  const weights = Float64Array.of(30, 10, 20)
  const records = { idColumn: 'id', idType: 'BIGINT', ids, weights, multipliers: weights }
  await writeWeights('b.parquet', at('b.parquet'), records)
  expect(await equipoise(['compare', 'a.csv', 'b.parquet'], { cwd: at('.') })).toMatchObject({ code: 0 })
})
