import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root } from '../cli/run.js'
import { read, resolved } from './problem.js'

const totals = 'totals.csv'
const A = { key: 'A' }

it('needs no more than keys and totals', async () => {
  const [area] = await resolved({ areas: { totals, areas: [A] } })
  expect(area).toMatchObject({ index: 0, records: null, caps: null, impossible: [] })
  expect(area!.totals).toEqual(Float64Array.of(70, 150, 25))
  expect(area!.definition).toEqual({
    key: 'A',
    weightScale: 1,
    areaColumn: null,
    where: null,
    bounds: [0.1, 10],
    cap: null,
    band: null,
    overrides: [],
    totals: { all: 70, members: 150, y_only: 25 },
  })
})

describe('each key', () => {
  it('schema and $schema say what the file is', async () => {
    const areas = { $schema: 'areas-1.schema.json', schema: 'equipoise/areas/1', totals, areas: [A] }
    expect(await resolved({ areas })).toHaveLength(1)
  })

  it('totals: a table beside the areas file; columns that are no target are not used', async () => {
    const files = { 'totals.csv': 'area,name,all,members,y_only\nA,Alpha,1,2,3\n' }
    const { areas, shared } = await read({ areas: { totals, areas: [A] }, files })
    expect(areas[0]).toMatchObject({ totals: Float64Array.of(1, 2, 3) })
    expect(shared.warnings).toContain('totals.csv: columns that are no target are not used: name')
  })

  it('areaColumn: records of the key, as text or as number', async () => {
    const [a, b] = await resolved({
      areas: { totals, areaColumn: 'state', areas: [A, { key: 'B', drop: ['y_*'] }] },
    })
    expect([a!.records, b!.records]).toEqual([Uint32Array.of(0, 1, 2), Uint32Array.of(3, 4, 5)])
    expect(a!.definition.areaColumn).toBe('state')

    const files = {
      'records.csv': 'id,w,state,size,kind\n1,10,1,1,y\n2,20,2,2,y\n',
      'totals.csv': 'area,all,members,y_only\n1,10,10,10\n',
    }
    const [one] = await resolved({ areas: { totals, areaColumn: 'state', areas: [{ key: '01' }] }, files })
    expect(one!.records).toEqual(Uint32Array.of(0))
  })

  it('areaColumn of the command line, unless the file states another', async () => {
    const given = { areas: { totals, areas: [A] }, data: { areaColumn: 'state' } }
    expect((await resolved(given))[0]!.records).toEqual(Uint32Array.of(0, 1, 2))
  })

  it('where: records by a condition, together with the area column', async () => {
    const areas = { totals, areas: [{ ...A, where: 'size >= 2' }] }
    expect((await resolved({ areas }))[0]!.records).toEqual(Uint32Array.of(1, 2, 4, 5))
    const both = await resolved({ areas: { ...areas, areaColumn: 'state' } })
    expect(both[0]!.records).toEqual(Uint32Array.of(1, 2))
    expect(both[0]!.definition.where).toBe('size >= 2')
  })

  it('weightScale', async () => {
    const areas = {
      totals,
      defaults: { weightScale: 0.5 },
      areas: [A, { ...A, key: 'B', weightScale: 0.25, drop: ['y_only'] }],
    }
    expect((await resolved({ areas })).map(({ definition }) => definition.weightScale)).toEqual([0.5, 0.25])
  })

  it.each([
    [0.01, 0.01],
    ['0.5%', 0.005],
    // 0.7/100 would be another double.
    ['0.7%', 0.007],
    ['1e1%', 0.1],
    [{ absolute: 3 }, { absolute: 3 }],
    [
      { lower: 60, upper: 80 },
      { lower: 60, upper: 80 },
    ],
  ])('band: %j', async (band, expected) => {
    const [area] = await resolved({ areas: { totals, defaults: { band: 1 }, areas: [{ ...A, band }] } })
    expect(area!.definition.band).toEqual(expected)
  })

  it('overrides: those of the defaults first, then the own ones, then those of single targets', async () => {
    const areas = {
      totals,
      defaults: { overrides: [{ match: '*', band: '2%' }] },
      areas: [
        {
          ...A,
          overrides: [{ match: 'nothing*', weight: 5, optional: true }],
          targets: [{ name: 'all', weight: 'hard', band: 0 }],
        },
      ],
    }
    const [area] = await resolved({ areas })
    expect(area!.definition.overrides).toEqual([
      { match: '*', band: 0.02 },
      { match: 'nothing*', weight: 5, optional: true },
      { match: 'all', band: 0, weight: 'hard' },
    ])
  })

  it('drop: names and patterns, those of the defaults too; a dropped target needs no total', async () => {
    const areas = {
      totals,
      defaults: { drop: [{ match: 'none?', optional: true }, 'y_?nly'] },
      areas: [{ key: 'B', drop: ['memb*'] }],
    }
    const [area] = await resolved({ areas })
    expect(area!.totals).toEqual(Float64Array.of(160, Number.NaN, Number.NaN))
    expect(area!.definition.totals).toEqual({ all: 160 })
  })

  it('bounds: the own ones, those of the defaults, those of the command', async () => {
    const B = { key: 'B', drop: ['y_only'] }
    const own = { totals, areas: [{ ...A, bounds: [0.5, 2] }, B] }
    const bounds = async (areas: object) =>
      (await resolved({ areas })).map(({ definition }) => definition.bounds)
    expect(await bounds(own)).toEqual([
      [0.5, 2],
      [0.1, 10],
    ])
    expect(await bounds({ ...own, defaults: { bounds: [0.2, 5] } })).toEqual([
      [0.5, 2],
      [0.2, 5],
    ])
  })

  it('cap: a number, or each record its own; never above the upper bound', async () => {
    const [number] = await resolved({ areas: { totals, areas: [{ ...A, cap: 3 }] } })
    expect(number).toMatchObject({ caps: null, definition: { bounds: [0.1, 3], cap: null } })
    const [sql] = await resolved({
      areas: { totals, areaColumn: 'state', areas: [{ ...A, cap: '2 * size', bounds: [0.1, 5] }] },
    })
    expect(sql).toMatchObject({
      caps: Float64Array.of(2, 4, 5),
      definition: { bounds: [0.1, 5], cap: '2 * size' },
    })
  })

  it('targets: totals of the area itself', async () => {
    const targets = [{ name: 'y_only', total: 7 }]
    const [area] = await resolved({ areas: { totals, areas: [{ key: 'B', targets }] } })
    expect(area!.totals).toEqual(Float64Array.of(160, 400, 7))
  })
})

it('takes totals from the column area of the targets file, one matrix column for each name', async () => {
  const rows = ['A', 'B'].flatMap((area, i) => [
    `all,records,TRUE,,${area},${i}1`,
    `members,records,TRUE,size,${area},${i}2`,
  ])
  const files = { 'targets.csv': `name,table,predicate,value,area,total\n${rows.join('\n')}\n` }
  const { areas, shared } = await read({ areas: { areaColumn: 'state', areas: [A, { key: 'B' }] }, files })
  expect(shared.targets.map(({ name, area }) => [name, area])).toEqual([
    ['all', null],
    ['members', null],
  ])
  expect(areas).toMatchObject([{ totals: Float64Array.of(1, 2) }, { totals: Float64Array.of(11, 12) }])
})

it('names impossible targets and leaves them out on request', async () => {
  const files = { 'totals.csv': 'area,all,members,y_only\nB,160,400,9\n' }
  const given = { areas: { totals, areaColumn: 'state', areas: [{ key: 'B' }] }, files }
  const [kept] = await resolved(given)
  expect(kept).toMatchObject({ impossible: ['y_only'], totals: Float64Array.of(160, 400, 9) })
  const [dropped] = await resolved({ ...given, dropImpossible: true })
  expect(dropped!.totals).toEqual(Float64Array.of(160, 400, Number.NaN))
})

it('reads the same areas from JSON and from CSV', async () => {
  const areas = {
    areas: [
      {
        key: '01',
        weightScale: 0.5,
        band: '1%',
        drop: ['y_only', 'z*'],
        bounds: [0.5, 2],
        cap: '2 * size',
        where: "kind = 'x'",
        targets: [
          { name: 'all', total: 5 },
          { name: 'members', total: 6 },
        ],
      },
      { key: '2', cap: 3, targets: ['all', 'members', 'y_only'].map((name) => ({ name, total: 1 })) },
    ],
  }
  const csv = `key,weightScale,where,band,drop,lower,upper,cap,total:all,total:members,total:y_only
01,0.5,kind = 'x',1%,y_only; z*,0.5,2,2 * size,5,6,
2,,,,,,,3,1,1,1
`
  const files = {
    'targets.csv': `name,table,predicate,value\nall,records,TRUE,\nmembers,records,TRUE,size\ny_only,records,TRUE,\nz1,records,TRUE,\n`,
  }
  const own = { ...areas, areas: [areas.areas[0], { ...areas.areas[1], drop: ['z1'] }] }
  const json = await resolved({ areas: own, name: 'areas.json', files })
  const table = await resolved({ areas: csv.replace('2,,,,,', '2,,,,z1,'), name: 'areas.csv', files })
  expect(table).toEqual(json)
})

it('reads the published example', async () => {
  const areas = readFileSync(`${root}/examples/areas/states.yaml`, 'utf8')
  const names = ['wages_amount_all', 'business_amount', 'returns_1']
  const files = {
    'records.csv': 'id,w,agi,filing_status\n1,1,5,1\n2,1,2000000,1\n3,1,5,4\n',
    'targets.csv': `name,table,predicate\n${names.map((name) => `${name},records,TRUE`).join('\n')}\n`,
    'states-totals.csv': `area,${names.join(',')}\nNorth,1,2,3\nEast,,5,6\nWest,7,8,9\n`,
  }
  const [north, east, west] = await resolved({ areas, files })
  expect(north!.definition).toMatchObject({ weightScale: 0.5, band: 0.005, bounds: [0.1, 10] })
  expect(east!.definition.totals).toEqual({ wages_amount_all: 5.5e9, returns_1: 6 })
  expect(west).toMatchObject({ records: Uint32Array.of(0, 1), caps: Float64Array.of(20, 5) })
})
