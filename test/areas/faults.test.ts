import { describe, expect, it } from 'vitest'
import { isRefused } from '../../ts/areas/resolve.js'
import { InputError } from '../../ts/errors.js'
import { dataFiles, faultOf, type Given, read } from './problem.js'

const totals = 'totals.csv'
const A = { key: 'A' }
/** Areas of which the last one is wrong. */
const withLast = (last: object, more: object = {}) => ({
  totals,
  ...more,
  areas: [A, { key: 'B', drop: ['y_only'], ...last }],
})

type Case = [what: string, given: Given['areas'] | Given, code: string, path: string, text?: RegExp]

/** What is wrong with the file as a whole: `read` itself fails. */
const ofTheFile: Case[] = [
  ['text that is no YAML', 'areas: [', 'format', 'areas.yaml:1'],
  ['a YAML key given twice', 'areas:\n  - key: A\n    band: 1\n    band: 2\n', 'not_unique', 'areas.yaml:4'],
  [
    'a JSON key given twice',
    { areas: '{"areas": [{"key": "A", "key": "B"}]}', name: 'areas.json' },
    'not_unique',
    'areas.json:1',
  ],
  [
    'aliases that grow without end',
    `a: &a [x]\n${'bcdefghij'.replace(/./g, (c, i) => `${c}: &${c} [${`*${'abcdefghi'[i]},`.repeat(9)}]\n`)}`,
    'format',
    'areas.yaml',
  ],
  ['another kind of document', '[]', 'wrong_type', 'areas.yaml'],
  ['no areas', { totals }, 'missing_value', 'areas'],
  ['an empty list of areas', { totals, areas: [] }, 'empty', 'areas'],
  ['an area without a key', { totals, areas: [A, {}] }, 'missing_value', 'areas[1].key'],
  ['a key that is a number', 'areas:\n  - key: 01\n', 'wrong_type', 'areas[0].key', /quote a number/],
  [
    'an unknown key of the file',
    { total: 'x', areas: [A] },
    'unknown_option',
    'total',
    /totals, areaColumn, defaults, areas/,
  ],
  ['an unknown key of an area', withLast({ tolerance: 1 }), 'unknown_option', 'areas[1].tolerance', /band/],
  [
    'an unknown key of the defaults',
    withLast({}, { defaults: { key: 'A' } }),
    'unknown_option',
    'defaults.key',
  ],
  [
    'an unknown key of an override',
    withLast({ overrides: [{ match: '*', bound: 1 }] }),
    'unknown_option',
    'areas[1].overrides[0].bound',
  ],
  [
    'an unknown key of a target',
    withLast({ targets: [{ name: 'all', totl: 1 }] }),
    'unknown_option',
    'areas[1].targets[0].totl',
  ],
  ['another schema', { schema: 'equipoise/areas/2', areas: [A] }, 'format', 'schema'],
  ['a tolerance below 0', withLast({ band: -0.01 }), 'out_of_range', 'areas[1].band'],
  [
    'a tolerance below 0 in an override',
    withLast({ overrides: [{ match: '*', band: -1 }] }),
    'out_of_range',
    'areas[1].overrides[0].band',
  ],
  ['a tolerance below 0 in per cent', withLast({ band: '-1%' }), 'format', 'areas[1].band'],
  [
    'an absolute tolerance below 0',
    withLast({ band: { absolute: -1 } }),
    'out_of_range',
    'areas[1].band.absolute',
  ],
  ['half a band', withLast({ band: { lower: 1 } }), 'missing_value', 'areas[1].band.upper'],
  [
    'a tolerance that is not finite',
    'areas:\n  - key: A\n    band: .inf\n',
    'wrong_type',
    'areas[0].band',
    /Infinity/,
  ],
  [
    'a weight that is not above 0',
    withLast({ overrides: [{ match: '*', weight: 0 }] }),
    'out_of_range',
    'areas[1].overrides[0].weight',
  ],
  [
    'a weight that is another word',
    withLast({ overrides: [{ match: '*', weight: 'soft' }] }),
    'format',
    'areas[1].overrides[0].weight',
  ],
  ['a scale of 0', withLast({ weightScale: 0 }), 'out_of_range', 'areas[1].weightScale'],
  ['one bound', withLast({ bounds: [1] }), 'empty', 'areas[1].bounds'],
  ['three bounds', withLast({ bounds: [1, 2, 3] }), 'format', 'areas[1].bounds'],
  ['a cap of 0', withLast({ cap: 0 }), 'out_of_range', 'areas[1].cap'],
  ['two areas of one key', { totals, areas: [A, { key: 'a' }] }, 'not_unique', 'areas[1].key', /areas\[0\]/],
  [
    'a default pattern that matches nothing',
    withLast({}, { defaults: { overrides: [{ match: 'no*', band: 1 }] } }),
    'out_of_range',
    'defaults.overrides[0].match',
  ],
  [
    'a default drop that matches nothing',
    withLast({}, { defaults: { drop: ['no*'] } }),
    'out_of_range',
    'defaults.drop[0]',
  ],
  [
    'a default condition that is no SQL',
    withLast({}, { defaults: { where: 'sise > 1' } }),
    'sql',
    'defaults.where',
  ],
  ['a missing table of totals', { totals: 'none.csv', areas: [A] }, 'file', 'totals'],
  [
    'a table of totals without areas',
    { areas: { totals, areas: [A] }, files: { 'totals.csv': 'name,all\nA,1\n' } },
    'unknown_column',
    'totals',
  ],
  [
    'a table with two rows of one area',
    { areas: { totals, areas: [A] }, files: { 'totals.csv': 'area,all\nA,1\nA,2\n' } },
    'not_unique',
    'totals',
    /rows of the area A/,
  ],
  [
    'a table with two columns of one target',
    { areas: { totals, areas: [A] }, files: { 'totals.csv': 'area,all,all\nA,1,2\n' } },
    'not_unique',
    'totals',
    /two columns all/,
  ],
  ['an areas file of unknown kind', { areas: { areas: [A] }, name: 'areas.txt' }, 'format', '--areas'],
  [
    'a CSV column that is not known',
    { areas: 'key,tolerance\nA,1\n', name: 'areas.csv' },
    'unknown_option',
    'areas.csv: tolerance',
  ],
  [
    'a CSV tolerance below 0',
    { areas: 'key,band\nA,-1\n', name: 'areas.csv' },
    'out_of_range',
    'areas[0].band',
  ],
  [
    'a CSV number that is none',
    { areas: 'key,weightScale\nA,half\n', name: 'areas.csv' },
    'wrong_type',
    'areas[0].weightScale',
  ],
  [
    'half of the bounds in CSV',
    { areas: 'key,lower\nA,0.5\n', name: 'areas.csv' },
    'wrong_type',
    'areas[0].bounds[1]',
  ],
  [
    'a target that means two things',
    {
      areas: { areas: [A] },
      files: {
        'targets.csv': 'name,table,predicate,area,total\nall,records,TRUE,A,1\nall,records,size > 1,B,1\n',
      },
    },
    'conflict',
    'targets[1] (all).predicate',
  ],
]

/** What is wrong with one area: the others can still be solved. */
const ofAnArea: Case[] = [
  [
    'an unknown area key',
    withLast({ key: 'C' }, { areaColumn: 'state' }),
    'out_of_range',
    'areas[1].key',
    /A, B/,
  ],
  [
    'a missing total',
    withLast({ drop: [] }),
    'missing_value',
    'areas[1].totals.y_only',
    /none in .*targets file, totals\.csv, areas\[1\]\.targets/,
  ],
  [
    'a missing total of an own target',
    withLast({ drop: [], targets: [{ name: 'all' }, { name: 'y_only', band: 1 }] }),
    'missing_value',
    'areas[1].targets[1].total',
  ],
  [
    'a total that is no number',
    { areas: withLast({}), files: { 'totals.csv': 'area,all,members,y_only\nA,1,2,3\nB,many,3,\n' } },
    'format',
    'totals.csv[B].all',
  ],
  [
    'a total in two places',
    withLast({ targets: [{ name: 'all', total: 1 }] }),
    'conflict',
    'areas[1].targets[0].total',
    /totals\.csv\[B\]\.all/,
  ],
  [
    'a target that does not exist',
    withLast({ targets: [{ name: 'al', total: 1 }] }),
    'out_of_range',
    'areas[1].targets[0].name',
  ],
  [
    'a target given twice',
    withLast({
      targets: [
        { name: 'all', band: 1 },
        { name: 'all', weight: 1 },
      ],
    }),
    'not_unique',
    'areas[1].targets[1].name',
    /targets\[0\]/,
  ],
  [
    'a target whose name is a pattern of another',
    {
      areas: withLast({ targets: [{ name: 'm?mbers', band: 1 }] }),
      files: {
        'targets.csv': `${dataFiles['targets.csv']}m?mbers,records,TRUE,\n`,
        'totals.csv': 'area,all,members,y_only,m?mbers\nA,1,1,1,1\nB,1,1,,1\n',
      },
    },
    'conflict',
    'areas[1].targets[0].name',
  ],
  ['crossed bounds', withLast({ bounds: [2, 1] }), 'out_of_range', 'areas[1].bounds'],
  ['a crossed band', withLast({ band: { lower: 2, upper: 1 } }), 'out_of_range', 'areas[1].band'],
  [
    'a cap below the lower bound',
    withLast({ bounds: [0.5, 2], cap: 0.4 }),
    'out_of_range',
    'areas[1].cap',
    /0\.4/,
  ],
  [
    "a record's cap below the lower bound",
    withLast({ cap: 'size - 3' }, { areaColumn: 'state' }),
    'out_of_range',
    'areas[1].cap',
    /-2 at the record 4/,
  ],
  [
    "a record's cap that is missing",
    withLast({ cap: 'CASE WHEN size > 1 THEN 5 END' }),
    'missing_value',
    'areas[1].cap',
    /2 of them/,
  ],
  ['a cap that is no SQL', withLast({ cap: 'sise' }), 'sql', 'areas[1].cap'],
  ['a condition that is no SQL', withLast({ where: 'sise > 1' }), 'sql', 'areas[1].where'],
  ['a condition that no record fulfils', withLast({ where: 'size > 99' }), 'empty', 'areas[1]'],
  [
    'an override that matches nothing',
    withLast({ overrides: [{ match: 'no*', band: 1 }] }),
    'out_of_range',
    'areas[1].overrides[0].match',
    /optional/,
  ],
  [
    'an override of nothing',
    withLast({ overrides: [{ match: '*' }] }),
    'missing_value',
    'areas[1].overrides[0]',
  ],
  [
    'a drop that matches nothing',
    withLast({ drop: ['y_only', { match: 'no*' }] }),
    'out_of_range',
    'areas[1].drop[1].match',
  ],
  [
    'an area whose targets are all dropped',
    withLast({ drop: ['*'] }),
    'empty',
    'areas[1].targets',
    /all are dropped/,
  ],
  [
    'an area whose targets are all impossible',
    withLast({ drop: ['all', 'members'], targets: [{ name: 'y_only', total: 5 }] }, { areaColumn: 'state' }),
    'empty',
    'areas[1].targets',
    /1 targets, all impossible/,
  ],
]

const given = (areas: Case[1]): Given =>
  typeof areas === 'object' && 'areas' in areas && !Array.isArray(areas.areas) ? (areas as Given) : { areas }

describe('refuses the file, with the place:', () => {
  it.each(ofTheFile)('%s', async (_, areas, code, path, text = /./) => {
    const fault = await read(given(areas)).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(fault).toBeInstanceOf(InputError)
    expect(fault).toMatchObject({ code, path })
    expect((fault as InputError).message).toMatch(text)
  })
})

describe('refuses one area, with the place:', () => {
  it.each(ofAnArea)('%s', async (_, areas, code, path, text = /./) => {
    const fault = await faultOf(given(areas))
    expect(fault).toMatchObject({ code, path })
    expect(fault.message).toMatch(text)
    // The first area is not to blame.
    const { areas: outcomes } = await read(given(areas))
    expect(outcomes.map(isRefused)).toEqual([false, true])
  })
})

it('blames each of several areas, and no other, for its SQL', async () => {
  const areas = [
    { key: 'A', where: 'size >' },
    { key: 'B', where: 'size > 1', drop: ['y_only'] },
    { key: 'C', where: 'none' },
  ]
  const { areas: outcomes } = await read({ areas: { totals, areas } })
  expect(outcomes.map((area) => (isRefused(area) ? area.fault.path : null))).toEqual([
    'areas[0].where',
    null,
    'areas[2].where',
  ])
})
