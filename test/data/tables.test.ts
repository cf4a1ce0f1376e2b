import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { Database } from '../../ts/data/database.js'
import { type ProblemSource, readProblem } from '../../ts/data/problem.js'
import { folder } from './folder.js'
import { entries } from './matrix-text.js'

const targets = 'name,table,predicate,total\nall,records,TRUE,10\n'

function files(
  contents: Record<string, string | Uint8Array>,
  source: Partial<ProblemSource> = {},
): ProblemSource {
  const at = folder({ 'targets.csv': targets, ...contents })
  const { records = { files: ['records.csv'] }, children = [], ...others } = source
  return {
    id: 'id',
    weight: 'w',
    targets: [at('targets.csv')],
    ...others,
    records: { ...records, files: records.files.map(at) },
    children: children.map((child) => ({ ...child, files: child.files.map(at) })),
  }
}

it('adds up child rows per record in the order of the file, though a record is in several places', async () => {
  // 1e16 + 1 + 1 is 1e16 in this order, but 1e16 + 2 if the small ones come first.
  const source = files(
    {
      'records.csv': 'id,w\na,1\nb,2\nc,3\n',
      'child.csv': 'key,x\nb,1e16\na,1\nb,1\nb,1\na,2\n',
      'targets.csv': 'name,table,predicate,value,total\nsum,child,TRUE,x,1\ncount,child,x < 1e9,,1\n',
    },
    { children: [{ files: ['child.csv'], childKey: 'key' }] },
  )
  expect(entries(await readProblem(source))).toEqual(['0,0,3', '1,0,10000000000000000', '0,1,2', '1,1,2'])
})

it('keeps rows that repeat another row', async () => {
  const source = files(
    {
      'records.csv': 'id,w\n1,1\n',
      'persons.csv': 'id,age\n1,7\n1,7\n1,7\n',
      'targets.csv': 'name,table,predicate,total\nchildren,persons,age = 7,1\n',
    },
    { children: [{ files: ['persons.csv'], childKey: 'id' }] },
  )
  expect(entries(await readProblem(source))).toEqual(['0,0,3'])
})

it('leaves child rows without a record out and counts them; refuses a key that fits nowhere', async () => {
  const contents = {
    'records.csv': 'id,w\n1,1\n2,1\n',
    'persons.csv': 'hh,age\n1,7\n3,7\n,7\n2,7\n',
    'targets.csv': 'name,table,predicate,total\nchildren,persons,age = 7,1\n',
  }
  const problem = await readProblem(
    files(contents, { children: [{ files: ['persons.csv'], childKey: 'hh' }] }),
  )
  expect(problem.warnings).toEqual(['2 of the 4 rows of persons belong to no record and are left out'])
  expect(entries(problem)).toEqual(['0,0,1', '1,0,1'])
  const wrongKey = readProblem(files(contents, { children: [{ files: ['persons.csv'], childKey: 'age' }] }))
  await expect(wrongKey).rejects.toMatchObject({ code: 'orphan', path: '--child' })
})

it('joins a child by another column of the records', async () => {
  const contents = {
    'records.csv': 'id,number,w\nx,7,1\ny,8,1\n',
    'persons.csv': 'hh,age\n8,1\n8,2\n',
    'targets.csv': 'name,table,predicate,total\npersons,persons,TRUE,1\n',
  }
  const children = [{ files: ['persons.csv'], childKey: 'hh', recordKey: 'number' }]
  expect(entries(await readProblem(files(contents, { children })))).toEqual(['1,0,2'])
})

it('keeps ids exactly as they are written: leading zeros, text, quotes, spaces, big numbers', async () => {
  const ids = ['007', '7', '9007199254740993', 'a,b', 'say "hi"', ' x ', '1.50', 'NA']
  const quoted = ids.map((id) => `"${id.replaceAll('"', '""')}"`)
  const source = files({ 'records.csv': `id,w\n${quoted.map((id) => `${id},1\n`).join('')}` })
  const { records } = await readProblem(source)
  expect(records.ids).toEqual(ids)
  expect(records.idType).toBe('VARCHAR')
})

it('gives ids that are whole numbers their type, also to predicates', async () => {
  const source = files({
    'records.csv': 'id,w\n9007199254740993,1\n12,1\n',
    'targets.csv': 'name,table,predicate,total\nbig,records,id > 100,1\n',
  })
  const problem = await readProblem(source)
  expect(problem.records).toMatchObject({ ids: ['9007199254740993', '12'], idType: 'BIGINT' })
  expect(entries(problem)).toEqual(['0,0,1'])
})

it('takes the type of a column from all rows: no later 1.5 is read as 2', async () => {
  const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${i === 29_999 ? '1.5' : '1'}\n`).join('')
  const source = files({
    'records.csv': `id,w\n${rows}`,
    'targets.csv': 'name,table,predicate,total\nhalf,records,w = 1.5,1\n',
  })
  const problem = await readProblem(source)
  expect(problem.records.designWeights.at(-1)).toBe(1.5)
  expect(entries(problem)).toEqual(['29999,0,1'])
})

it('reads several files in the order of their names, compressed or not', async () => {
  const source = files(
    {
      'part-b.csv.gz': gzipSync('w,id\n3,c\n4.5,d\n'),
      'part-a.csv.gz': gzipSync('id,w\na,1\nb,2\n'),
    },
    { records: { name: 'records', files: ['part-*.csv.gz'] } },
  )
  const { records, files: read } = await readProblem(source)
  expect(records.ids).toEqual(['a', 'b', 'c', 'd'])
  expect([...records.designWeights]).toEqual([1, 2, 3, 4.5])
  expect(read.map(({ role, file }) => `${role} ${file}`)).toEqual([
    'records part-a.csv.gz',
    'records part-b.csv.gz',
    'targets targets.csv',
  ])
})

it('reads a file whose name looks like a glob', async () => {
  const source = files(
    { 'rec[1]*.csv': 'id,w\n1,1\n' },
    { records: { name: 'records', files: ['rec[1]*.csv'] } },
  )
  expect((await readProblem(source)).records.ids).toEqual(['1'])
})

it('reads Parquet and JSON, whose columns keep their types', async () => {
  const source = files(
    {
      'records.jsonl': '{"id":1,"w":1.5,"big":true}\n{"id":2,"w":2,"big":null}\n',
      'targets.csv': 'name,table,predicate,total\nbig,records,big,1\nall,records,TRUE,1\n',
    },
    { records: { files: ['records.jsonl'] } },
  )
  const fromJson = await readProblem(source)
  expect(entries(fromJson)).toEqual(['0,0,1', '0,1,1', '1,1,1'])
  expect(fromJson.records).toMatchObject({ ids: ['1', '2'], idType: 'BIGINT' })

  const at = folder()
  const database = await Database.open()
  await database.run(
    `COPY (SELECT * FROM (VALUES (206::DOUBLE, 1.25::DECIMAL(9, 2)), (207.5, 2)) t (id, w)) TO '${at('records.parquet')}'`,
  )
  await database.close()
  const { records } = await readProblem({
    ...source,
    records: { files: [at('records.parquet')] },
    targets: [folder({ 't.csv': targets })('t.csv')],
  })
  expect(records.ids).toEqual(['206', '207.5'])
  expect([...records.designWeights]).toEqual([1.25, 2])
})

it('numbers the records where there is no id column', async () => {
  const { records } = await readProblem(files({ 'records.csv': 'w\n1\n2\n' }, { id: undefined }))
  expect(records).toMatchObject({ ids: ['0', '1'], idColumn: 'record' })
})

it.each([
  ['a missing id', 'id,w\n1,1\n,1\n', { code: 'missing_value', path: 'records[1].id' }],
  [
    'an id twice',
    'id,w\n1,1\n2,1\n1,1\n',
    { code: 'not_unique', path: 'records[2].id', received: '1, as in records[0]' },
  ],
  ['an unknown id column', 'key,w\n1,1\n', { code: 'unknown_column', path: '--records', received: 'id' }],
  ['an unknown weight column', 'id,x\n1,1\n', { code: 'unknown_column', path: '--weight', received: 'w' }],
  [
    'a zero weight',
    'id,w\n5,1\n6,0\n7,-2\n',
    { code: 'out_of_range', path: 'records[1] (id=6).w', received: '0, -2 at records[2] (id=7).w' },
  ],
  ['a missing weight', 'id,w\n5,1\n6,\n', { code: 'missing_value', path: 'records[1] (id=6).w' }],
  [
    'a NaN weight',
    'id,w\n5,1\n6,NaN\n',
    { code: 'not_finite', path: 'records[1] (id=6).w', received: 'nan' },
  ],
  [
    'an infinite weight',
    'id,w\n5,inf\n6,1\n',
    { code: 'not_finite', path: 'records[0] (id=5).w', received: 'inf' },
  ],
  [
    'a text for a weight',
    'id,w\n5,1\n6,many\n',
    { code: 'not_finite', path: 'records[1] (id=6).w', received: 'many' },
  ],
  ['no rows', 'id,w\n', { code: 'empty', path: '--records' }],
  ['an empty file', '', { code: 'unknown_column', path: '--records' }],
  [
    'a file that is not UTF-8',
    Buffer.from('id,w\n1,1\nm\xfcller,2\n', 'latin1'),
    { code: 'file', path: '--records' },
  ],
  [
    'a row that is too long',
    'id,w\n1,1\n2,2,2\n3,3\n',
    {
      code: 'file',
      path: '--records',
      received: expect.stringContaining('CSV Error on Line: 3 Original Line: 2,2,2'),
    },
  ],
  [
    'a row that is too short, late in the file',
    `id,w,x\n${'1,1,1\n'.repeat(30_000)}2,2\n`,
    { code: 'file', path: '--records', received: expect.stringContaining('CSV Error on Line: 30002') },
  ],
  ['a column named rowid', 'id,w,rowid\n1,1,1\n', { code: 'format', path: '--records' }],
])('refuses records with %s', async (_, records, error) => {
  await expect(readProblem(files({ 'records.csv': records }))).rejects.toMatchObject({
    name: 'InputError',
    ...error,
  })
})

it('names the first five of many bad weights and counts the rest', async () => {
  const rows = Array.from({ length: 9 }, (_, i) => `${i},0\n`).join('')
  const error = await readProblem(files({ 'records.csv': `id,w\n${rows}` })).catch((thrown) => thrown)
  expect(error.message).toContain('records[4] (id=4).w, and 4 more such records')
})

it('drops and counts records without a positive weight on request, but not the others', async () => {
  const records = 'id,w\na,1\nb,0\nc,-3\nd,2\n'
  const problem = await readProblem(files({ 'records.csv': records }, { dropNonPositive: true }))
  expect(problem.records).toMatchObject({ ids: ['a', 'd'], numDropped: 2, numRecords: 2 })
  expect(entries(problem)).toEqual(['0,0,1', '1,0,1'])
  expect(problem.warnings).toEqual(['2 records of zero or negative weight were dropped'])
  const missing = readProblem(files({ 'records.csv': `${records}e,\n` }, { dropNonPositive: true }))
  await expect(missing).rejects.toMatchObject({ code: 'missing_value', path: 'records[4] (id=e).w' })
})

it.each([
  ['no such file', { records: { files: ['nowhere.csv'] } }, { code: 'file', path: '--records' }],
  ['a glob without files', { records: { files: ['no*.csv'] } }, { code: 'file', path: '--records' }],
  [
    'an unknown kind of file',
    { records: { files: ['targets.xlsx'] } },
    { code: 'format', path: '--records' },
  ],
  [
    'an unknown child key',
    { children: [{ files: ['child.csv'], childKey: 'nope' }] },
    { code: 'unknown_column', path: '--child' },
  ],
  [
    'a child without a key to join by',
    { id: undefined, children: [{ files: ['child.csv'], childKey: 'id' }] },
    { code: 'missing_value', path: '--child' },
  ],
  [
    'two tables of one name',
    { children: [{ name: 'RECORDS', files: ['child.csv'], childKey: 'id' }] },
    { code: 'not_unique', path: '--child' },
  ],
  ['--area without its column', { area: '3' }, { code: 'format', path: '--area-column' }],
])('refuses %s', async (_, source, error) => {
  const contents = { 'records.csv': 'id,w\n1,1\n', 'child.csv': 'id\n1\n', 'targets.xlsx': '' }
  await expect(readProblem(files(contents, source))).rejects.toMatchObject({ name: 'InputError', ...error })
})
