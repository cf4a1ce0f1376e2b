import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type ProblemSource, readProblem } from '../../ts/data/problem.js'
import { folder } from './folder.js'
import { entries } from './matrix-text.js'

const records = 'id,w,area,size,income,kind\n1,1,01,1,10.5,a\n2,1,01,2,,b\n3,1,02,3,-4,a\n4,1,02,4,0,\n'

function problem(
  targets: string,
  source: Partial<ProblemSource> = {},
  at = folder({ 'records.csv': records, 'targets.csv': targets }),
) {
  return readProblem({
    records: { files: [at('records.csv')] },
    id: 'id',
    weight: 'w',
    targets: [at('targets.csv')],
    ...source,
  })
}

const header = 'name,table,predicate,value,total\n'

it('multiplies values by predicates; NULL predicates do not hold, NULL values count as 0 with a warning', async () => {
  const { warnings, ...read } = await problem(
    `${header}income,records,TRUE,income,5\nkind,records,kind = 'a',,5\nnot,records,kind <> 'a',1,5\n`,
  )
  expect(entries(read as never)).toEqual(['0,0,10.5', '2,0,-4', '0,1,1', '2,1,1', '1,2,1'])
  expect(warnings).toEqual(['targets[0] (income).value: 1 missing values counted as 0'])
})

it('keeps OR inside its predicate, and text with commas, quotes, line breaks and comments', async () => {
  const targets = `name,area,table,predicate,total
or,01,records,size = 1 OR size = 3,5
quoted,01,records,"kind = 'a,b' OR kind = ""kind"" -- all with a kind",5
lines,02,records,"size IN (3,
4) /* two */",5
`
  expect(entries(await problem(targets, { areaColumn: 'area' }))).toEqual([
    '0,0,1',
    '0,1,1',
    '1,1,1',
    '2,2,1',
    '3,2,1',
  ])
})

it('gives a target without an area all records of the joint problem', async () => {
  const targets = 'name,area,table,predicate,total\nhere,1,records,TRUE,5\neverywhere,,records,size > 1,5\n'
  expect(entries(await problem(targets, { areaColumn: 'area' }))).toEqual([
    '0,0,1',
    '1,0,1',
    '1,1,1',
    '2,1,1',
    '3,1,1',
  ])
  const one = await problem(targets, { areaColumn: 'area', area: '01' })
  expect(one.targets.map(({ name }) => name)).toEqual(['here'])
  expect(one.warnings).toEqual(['1 targets without an area are left out of area 01'])
})

it('warns if the targets name areas but no area column is given', async () => {
  const { warnings } = await problem('name,area,table,predicate,total\nhere,01,records,TRUE,5\n')
  expect(warnings).toEqual(['the targets name areas, but without --area-column each counts over all records'])
})

it('reads totals, scales and further columns; targets without a record are kept unless they are to be dropped', async () => {
  const targets =
    'name,table,predicate,total,scale,source\nnone,records,size > 9,1e12,,x\nall,records,TRUE,-2.5,7,y\n'
  const kept = await problem(targets)
  expect(kept.targets).toMatchObject([
    { name: 'none', total: 1e12, scale: null },
    { name: 'all', total: -2.5, scale: 7 },
  ])
  const dropped = await problem(targets, { dropImpossible: true })
  expect(dropped.targets.map(({ name }) => name)).toEqual(['all'])
  expect(dropped.droppedTargets.map(({ name }) => name)).toEqual(['none'])
  expect(entries(dropped)).toEqual(['0,0,1', '1,0,1', '2,0,1', '3,0,1'])
})

it('lets a predicate use another table', async () => {
  const at = folder({
    'records.csv': records,
    'persons.csv': 'id,age\n1,5\n3,40\n4,3\n',
    'targets.csv': `${header}with,records,id IN (SELECT p.id FROM persons p WHERE age < 9),,5\n`,
  })
  const children = [{ files: [at('persons.csv')], childKey: 'id' }]
  expect(entries(await problem('', { children }, at))).toEqual(['0,0,1', '3,0,1'])
})

it.each([
  ['an unknown column', 'colour = 1', 'Referenced column "colour" not found'],
  ['bad syntax', 'size = ', 'Parser Error'],
  ['two expressions', 'size = 1, size = 2', 'more than one expression'],
  ['a closed parenthesis', 'size = 1) FROM records; DROP TABLE records; --', 'Parser Error'],
  ['a parenthesis that closes and opens', 'size = 1) OR (size = 2', 'Parser Error'],
  ['another statement', 'size = 1; DELETE FROM records', 'Only SELECT statements'],
  ['a semicolon', 'size = 1;', 'Parser Error'],
  ['a clause', 'size = 1 FROM records WHERE TRUE', 'more than one expression'],
  ['an alias', 'size = 1 AS x', 'Parser Error'],
  ['an open comment', 'size = 1 /*', 'unterminated'],
  ['a number', 'size + 1', 'which is BIGINT'],
  ['all columns', 'COLUMNS(*) = 1', '6 columns'],
  ['an aggregate', 'count(*) > 1', 'GROUP BY'],
  ['several rows', 'unnest([true, false])', 'not one value for each row'],
  ['a text compared with a number', 'kind = 1', "Could not convert string 'a' to INT"],
  ['a file', "size IN (SELECT length(content) FROM read_text('/etc/hostname'))", 'disabled by configuration'],
])('refuses a predicate with %s', async (_, predicate, message) => {
  const targets = `${header}fine,records,size = 1,,5\n"the bad one",records,"${predicate}",,5\nfine too,records,size = 2,,5\n`
  await expect(problem(targets)).rejects.toMatchObject({
    name: 'InputError',
    code: 'sql',
    path: 'targets[1] (the bad one).predicate',
    message: expect.stringContaining(message),
  })
})

it.each([
  ['a text', 'kind', 'VARCHAR'],
  ['an unknown function', 'twice(size)', 'Scalar Function with name twice does not exist'],
  ['a text that is no number', 'CAST(kind AS INTEGER)', "Could not convert string 'a'"],
])('refuses a value that is %s', async (_, value, message) => {
  await expect(problem(`${header}bad,records,TRUE,"${value}",5\n`)).rejects.toMatchObject({
    code: 'sql',
    path: 'targets[0] (bad).value',
    message: expect.stringContaining(message),
  })
})

it('refuses a value that is not finite, with its row', async () => {
  await expect(problem(`${header}bad,records,TRUE,1e300 * 1e300 * size,5\n`)).rejects.toMatchObject({
    code: 'not_finite',
    path: 'targets[0] (bad).value',
  })
  await expect(
    problem(`${header}bad,records,size > 2,"CASE WHEN size = 4 THEN 'nan'::DOUBLE ELSE 1 END",5\n`),
  ).rejects.toMatchObject({
    code: 'not_finite',
    path: 'targets[0] (bad).value',
    received: expect.stringContaining('at records[3]'),
  })
})

it.each([
  [
    'an unknown table',
    `${header}a,persons,TRUE,,5\n`,
    { code: 'unknown_table', path: 'targets[0] (a).table' },
  ],
  ['no table', `${header}a,,TRUE,,5\n`, { code: 'missing_value', path: 'targets[0] (a).table' }],
  ['no predicate', `${header}a,records,,,5\n`, { code: 'missing_value', path: 'targets[0] (a).predicate' }],
  ['no name', `${header},records,TRUE,,5\n`, { code: 'missing_value', path: 'targets[0].name' }],
  [
    'a name twice',
    `${header}a,records,TRUE,,5\nb,records,TRUE,,5\na,records,FALSE,,5\n`,
    { code: 'not_unique', path: 'targets[2] (a).name' },
  ],
  [
    'no total',
    `${header}a,records,TRUE,,5\nb,records,TRUE,,\n`,
    { code: 'missing_value', path: 'targets[1] (b).total' },
  ],
  [
    'an infinite total',
    `${header}a,records,TRUE,,inf\n`,
    { code: 'not_finite', path: 'targets[0] (a).total' },
  ],
  [
    'a total that is a text',
    `${header}a,records,TRUE,,5\nb,records,TRUE,,many\n`,
    { code: 'format', path: 'targets[1] (b).total', received: 'many' },
  ],
  ['no rows', header, { code: 'empty', path: '--targets' }],
  [
    'no column of totals',
    'name,table,predicate\na,records,TRUE\n',
    { code: 'unknown_column', path: '--targets', received: 'total' },
  ],
])('refuses targets with %s', async (_, targets, error) => {
  await expect(problem(targets)).rejects.toMatchObject({ name: 'InputError', ...error })
})

it('refuses areas that do not fit', async () => {
  const targets = 'name,area,table,predicate,total\na,1,records,TRUE,5\nb,7,records,TRUE,5\n'
  await expect(problem(targets, { areaColumn: 'area' })).rejects.toMatchObject({
    code: 'out_of_range',
    path: 'targets[1] (b).area',
    received: '7',
  })
  await expect(problem(targets, { areaColumn: 'area', area: '9' })).rejects.toMatchObject({
    code: 'out_of_range',
    path: '--area',
    expected: 'one of the areas 01, 02',
  })
  await expect(problem(targets, { areaColumn: 'area', area: '2' })).rejects.toMatchObject({
    code: 'empty',
    path: '--targets',
  })
  await expect(problem(`${header}a,records,TRUE,,5\n`, { areaColumn: 'area' })).rejects.toMatchObject({
    code: 'unknown_column',
    path: '--targets',
  })
})

it('selects targets by SQL, and refuses bad SQL there', async () => {
  const targets =
    'name,table,predicate,total,importance\na,records,TRUE,5,\nb,records,TRUE,5,3\nc,records,TRUE,5,1\n'
  const chosen = await problem(targets, { targetsWhere: "importance > 1 OR name = 'a'" })
  expect(chosen.targets.map(({ row, name }) => `${row} ${name}`)).toEqual(['0 a', '1 b'])
  await expect(problem(targets, { targetsWhere: 'colour = 1' })).rejects.toMatchObject({
    code: 'sql',
    path: '--targets-where',
  })
  await expect(problem(targets, { targetsWhere: 'importance > 9' })).rejects.toMatchObject({
    code: 'empty',
    path: '--targets',
  })
  const at = folder()
  const steal = `TRUE); COPY targets TO '${at('stolen.csv')}'; --`
  await expect(problem(targets, { targetsWhere: steal })).rejects.toMatchObject({
    code: 'sql',
    path: '--targets-where',
  })
  expect(existsSync(at('stolen.csv'))).toBe(false)
})

const matrixTargets = 'name,area,total\na,01,5\nb,01,5\na,02,5\n'

function withMatrix(matrix: string, source: Partial<ProblemSource> & { index?: 'position' | 'id' } = {}) {
  const { index = 'position', ...others } = source
  const at = folder({ 'records.csv': records, 'targets.csv': matrixTargets, 'matrix.csv': matrix })
  return problem('', { matrix: { files: [at('matrix.csv')], index }, ...others }, at)
}

it('reads a matrix by positions or by ids and names, entries in any order', async () => {
  expect(entries(await withMatrix('record,target,value\n3,1,2.5\n0,0,1\n2,1,-1\n'))).toEqual([
    '0,0,1',
    '2,1,-1',
    '3,1,2.5',
  ])
  const byName = await withMatrix('record,target,value\n4,a,2.5\n1,a,1\n1,b,3\n', {
    index: 'id',
    areaColumn: 'area',
  })
  expect(entries(byName)).toEqual(['0,0,1', '0,1,3', '3,2,2.5'])
})

it('counts positions in a matrix among the records of the area, before any is dropped', async () => {
  const at = folder({
    'records.csv': 'id,w,area\n1,1,x\n2,0,y\n3,1,y\n4,2,y\n',
    'targets.csv': 'name,total\na,5\n',
    'matrix.csv': 'record,target,value\n0,0,7\n1,0,8\n2,0,9\n',
  })
  const matrix = { files: [at('matrix.csv')], index: 'position' } as const
  const read = await problem('', { matrix, areaColumn: 'area', area: 'y', dropNonPositive: true }, at)
  expect(read.records.ids).toEqual(['3', '4'])
  expect(entries(read)).toEqual(['0,0,8', '1,0,9'])
})

it.each([
  [
    'a record past the end',
    '0,0,1\n4,0,1\n',
    'position',
    { code: 'out_of_range', path: 'matrix[1].record', received: '4' },
  ],
  ['a negative record', '-1,0,1\n', 'position', { code: 'out_of_range', path: 'matrix[0].record' }],
  [
    'half a record',
    '0,0,1\n0.5,0,1\n',
    'position',
    { code: 'out_of_range', path: 'matrix[1].record', received: '0.5' },
  ],
  [
    'a target past the end',
    '0,3,1\n',
    'position',
    { code: 'out_of_range', path: 'matrix[0].target', received: '3' },
  ],
  [
    'an unknown target name',
    '0,zzz,1\n',
    'position',
    { code: 'out_of_range', path: 'matrix[0].target', received: 'zzz' },
  ],
  [
    'an unknown id',
    '1,0,1\n17,0,1\n',
    'id',
    { code: 'out_of_range', path: 'matrix[1].record', received: '17' },
  ],
  [
    'a value that is no number',
    '0,0,1\n1,0,x\n',
    'position',
    { code: 'not_finite', path: 'matrix[1].value' },
  ],
  ['an infinite value', '0,0,inf\n', 'position', { code: 'not_finite', path: 'matrix[0].value' }],
] as const)('refuses a matrix with %s', async (_, rows, index, error) => {
  await expect(withMatrix(`record,target,value\n${rows}`, { index })).rejects.toMatchObject({
    name: 'InputError',
    ...error,
  })
})
