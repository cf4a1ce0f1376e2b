import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readProblem } from '../../ts/data/problem.js'
import { equipoise } from '../cli/run.js'
import { caseFolder, folder } from '../data/folder.js'

/** A project in the style of PopulationSim's survey-weighting example. */
function project(changes: Record<string, string> = {}): Record<string, string> {
  return {
    'project/configs/settings.yaml': `# PopulationSim properties
NO_INTEGERIZATION_EVER: True
max_expansion_factor: 4
min_expansion_factor: 0.5
absolute_upper_bounds: 20000
geographies: [Region, Cluster, TAZ]
seed_geography: Cluster
input_table_list:
  - tablename: households
    filename : seed_households.csv
    index_col: hh_id
    rename_columns:
      hhID: hh_id
  - tablename: persons
    filename : seed_persons.csv
    dtypes:
      PComm: str
    rename_columns:
      hhID: hh_id
  - tablename: geo_cross_walk
    filename : geo_cross_walk.csv
  - tablename: Cluster_control_data
    filename : control_totals_cluster.csv
  - tablename: TAZ_control_data
    filename : control_totals_taz.csv
  - tablename: Region_control_data
    filename : control_totals_region.csv
household_weight_col: HHweight
household_id_col: hh_id
total_hh_control: num_hh
control_file_name: controls.csv
run_list:
  steps:
    - input_pre_processor
`,
    'project/configs/controls.csv': `target,geography,seed_table,importance,control_field,expression
num_hh,Cluster,households,1000000000,HH_Total,(households.HHweight > 0) & (households.HHweight < np.inf)
# not used: HHSize_9,Cluster,households,5000,HHSize_9,households.HHSize == 9
large,Cluster,households,5000,LARGE,households.HHSize >= 3
"by_car",Cluster,persons,1000,CAR,"(persons.PComm == 'auto') & (persons.hh_id > 0)"
young,TAZ,persons,500,YOUNG,persons.PAge <= 18
no_commute,Region,persons,,NONE,persons.PComm.isna()
size_sum,Region,households,10,SIZES,households.HHSize
`,
    'project/data/seed_households.csv':
      'hhID,Cluster,HHSize,HHweight\n7,1,1,10.5\n8,2,3,20\n9,1,4,30\n10,2,2,0\n11,2,2,15\n',
    'project/data/seed_persons.csv': `hhID,PAge,PComm
7,40,auto
8,12,NA
8,35,auto
9,50,transit
9,16,NA
9,44,auto
10,5,NA
11,70,NA
8,15,NA
11,30,auto
9,3,NA
`,
    'project/data/geo_cross_walk.csv': 'Region,Cluster,TAZ\n1,1,101\n1,1,102\n1,2,201\n1,2,202\n',
    'project/data/control_totals_cluster.csv': 'Cluster,HH_Total,LARGE,CAR\n1,50,35,52\n2,40,22,41\n',
    'project/data/control_totals_taz.csv': 'TAZ,YOUNG\n101,20.5\n102,41\n201,30\n202,12\n999,5\n',
    'project/data/control_totals_region.csv': 'Region,NONE,SIZES\n1,180,260\n',
    ...changes,
  }
}

const run = (at: (name: string) => string, options: string[] = []) =>
  equipoise(['import', 'populationsim', 'project', '--out', 'ours', ...options], { cwd: at('.') })

const textOf = (at: (name: string) => string, name: string) => readFileSync(at(name), 'utf8')

describe('equipoise import populationsim', () => {
  it('makes targets and areas of the controls and totals', async () => {
    const at = folder(project())
    const finished = await run(at)
    expect(finished).toMatchObject({ code: 0 })
    expect(finished.stderr).toContain('young: 1 zones of TAZ are not in the crosswalk and are left out')
    expect(textOf(at, 'ours/targets.csv')).toBe(`name,area,table,predicate,value,total,importance,scale
num_hh,1,households,HHweight > 0 AND HHweight < 'infinity'::DOUBLE,,50,1000000000,
large,1,households,HHSize >= 3,,35,5000,
by_car,1,persons,PComm = 'auto' AND hhID > 0,,52,1000,
young,1,persons,PAge <= 18,,61.5,500,
num_hh,2,households,HHweight > 0 AND HHweight < 'infinity'::DOUBLE,,40,1000000000,
large,2,households,HHSize >= 3,,22,5000,
by_car,2,persons,PComm = 'auto' AND hhID > 0,,41,1000,
young,2,persons,PAge <= 18,,42,500,
no_commute,,persons,PComm IS NULL,,180,,
size_sum,,households,TRUE,HHSize,260,10,
`)
    expect(parse(textOf(at, 'ours/areas.yaml'))).toEqual({
      schema: 'equipoise/areas/1',
      totals: 'totals.csv',
      areaColumn: 'Cluster',
      defaults: { bounds: [0.5, 4] },
      areas: [
        { key: '1', weightScale: 50 / 40.5 },
        { key: '2', weightScale: 40 / 35 },
      ],
    })
    expect(textOf(at, 'ours/totals.csv')).toBe(
      'area,num_hh,large,by_car,young\n1,50,35,52,61.5\n2,40,22,41,42\n',
    )
    expect(textOf(at, 'ours/area-targets.csv')).toBe(`name,table,predicate,value,importance
num_hh,households,HHweight > 0 AND HHweight < 'infinity'::DOUBLE,,1000000000
large,households,HHSize >= 3,,5000
by_car,persons,PComm = 'auto' AND hhID > 0,,1000
young,persons,PAge <= 18,,500
`)
  })

  it('writes a command line that runs', async () => {
    const at = folder(project())
    await run(at)
    const readme = textOf(at, 'ours/README.md')
    const [command] = /equipoise reweight(?:.*\\\n)*.*\n/.exec(readme)!
    const words = command.replaceAll('\\\n', ' ').trim().split(/\s+/).slice(1)
    expect(words).toEqual([
      ...['reweight', '--records', 'households=../project/data/seed_households.csv', '--id', 'hhID'],
      ...['--weight', 'HHweight', '--child', 'persons=../project/data/seed_persons.csv:hhID', '--null', 'NA'],
      ...['--drop-nonpositive', '--targets', 'targets.csv', '--area-column', 'Cluster'],
      ...['--form', 'bands', '--band', '0.5%', '--bounds', '0.5,4', '--importance', 'importance'],
      ...['--elastic', '1000'],
      ...['--out', 'weights.csv', '--certificate', 'certificate.json', '--report', 'report.html'],
    ])
    const finished = await equipoise(words, { cwd: at('ours') })
    expect(finished.code).toBe(0)
    const certificate = JSON.parse(textOf(at, 'ours/certificate.json'))
    expect(certificate).toMatchObject({ status: 'converged', inputs: { numRecords: 4, numTargets: 10 } })
    // The before totals, by hand: 10.5 + 30 households; persons by car of 7 and 9; young ones of 9, twice.
    const before = certificate.targets.map((target: { before: number }) => target.before)
    expect(before).toEqual([40.5, 30, 40.5, 60, 35, 20, 35, 40, 115, 220.5])
    expect(readme).toContain('absolute_upper_bounds: 20000')

    const [areas] = /equipoise areas(?:.*\\\n)*.*\n/.exec(readme)!
    const perArea = areas.replaceAll('\\\n', ' ').trim().split(/\s+/).slice(1)
    expect(await equipoise(perArea, { cwd: at('ours') })).toMatchObject({ code: 0 })
    const [first] = textOf(at, 'ours/areas/areas/1/weights.csv').split('\n')
    expect(first).toBe('hhID,weight,multiplier')
  })

  it('bounds larger geographies by their seed zones where there are several', async () => {
    const at = folder(
      project({
        'project/data/geo_cross_walk.csv': 'Region,Cluster,TAZ\n1,1,101\n1,1,102\n2,2,201\n2,2,202\n',
        'project/data/control_totals_region.csv': 'Region,NONE,SIZES\n1,70,160\n2,60,90\n',
        'project/data/control_totals_taz.csv': 'TAZ,YOUNG\n101,20\n102,41\n201,30\n202,12\n',
      }),
    )
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    expect(textOf(at, 'ours/targets.csv')).toContain(
      'no_commute (Region 2),,persons,"(\nPComm IS NULL\n) AND',
    )
    const { matrix, targets } = await readProblem({
      records: { name: 'households', files: [at('project/data/seed_households.csv')] },
      children: [{ name: 'persons', files: [at('project/data/seed_persons.csv')], childKey: 'hhID' }],
      ...{ nullMarkers: ['NA'], id: 'hhID', weight: 'HHweight', dropNonPositive: true },
      ...{ targets: [at('ours/targets.csv')], areaColumn: 'Cluster' },
    })
    expect(matrix.format).toBe('csc')
    const columns = targets.map(({ name }, j) => {
      if (matrix.format !== 'csc') return []
      const [first, end] = [matrix.columnStarts[j]!, matrix.columnStarts[j + 1]!]
      const entries = [...matrix.rowIndices.slice(first, end)].map((row, i) => [
        row,
        matrix.values[first + i]!,
      ])
      return [name, entries]
    })
    // Records 7, 8, 9, 11: without a commute are two of 8, two of 9 and one of 11; the sizes are 1, 3, 4 and 2.
    expect(columns.slice(-4)).toEqual([
      ['no_commute (Region 1)', [[2, 2]]],
      [
        'no_commute (Region 2)',
        [
          [1, 2],
          [3, 1],
        ],
      ],
      [
        'size_sum (Region 1)',
        [
          [0, 1],
          [2, 4],
        ],
      ],
      [
        'size_sum (Region 2)',
        [
          [1, 3],
          [3, 2],
        ],
      ],
    ])
  })

  const controls = (row: string) =>
    project({
      'project/configs/controls.csv': `target,geography,seed_table,importance,control_field,expression\n${row}\n`,
    })
  const settings = (from: string, to: string) =>
    project({
      'project/configs/settings.yaml': project()['project/configs/settings.yaml']!.replace(from, to),
    })

  it.each([
    [
      'an expression without translation',
      controls('odd,Cluster,persons,10,CAR,persons.PAge % 2 == 1'),
      'controls.csv[0] (odd).expression',
      'the operator %, which has no translation (character 14 of persons.PAge % 2 == 1)',
    ],
    [
      'a column that the file has not',
      controls('odd,Cluster,persons,10,CAR,persons.Sex == 1'),
      'controls.csv[0] (odd).expression',
      'expected one of the columns hh_id, PAge, PComm, received Sex (character 8 of',
    ],
    [
      'a total that the file has not',
      controls('odd,Cluster,persons,10,CARS,persons.PAge == 1'),
      '(odd).control_field',
      'CARS',
    ],
    [
      'an unknown geography',
      controls('odd,County,persons,10,CAR,persons.PAge == 1'),
      '(odd).geography',
      'County',
    ],
    ['another table', controls('odd,Cluster,cars,10,CAR,cars.age == 1'), '(odd).seed_table', 'cars'],
    [
      'an importance of zero',
      controls('odd,Cluster,persons,0,CAR,persons.PAge == 1'),
      '(odd).importance',
      '0',
    ],
    [
      'a control twice',
      controls('odd,Cluster,persons,1,CAR,persons.PAge == 1\nodd,Cluster,persons,1,CAR,persons.PAge == 1'),
      'controls.csv[1] (odd).target',
      'as in row 0',
    ],
    ['no controls', controls('#'), 'controls.csv', 'at least one control'],
    [
      'settings without geographies',
      settings('geographies:', 'geography:'),
      'settings.yaml: geographies',
      'nothing',
    ],
    ['settings that are no YAML', settings('input_table_list:', ': ['), 'settings.yaml', 'YAML'],
    [
      'a seed geography of no list',
      settings('seed_geography: Cluster', 'seed_geography: PUMA'),
      'seed_geography',
      'PUMA',
    ],
    [
      'a table that is not listed',
      settings('tablename: persons', 'tablename: people'),
      'input_table_list',
      'persons',
    ],
    [
      'a negative factor',
      settings('max_expansion_factor: 4', 'max_expansion_factor: -4'),
      'max_expansion_factor',
      '-4',
    ],
    [
      'expressions for columns',
      settings('    dtypes:', '    expression_filename: persons.csv\n    dtypes:'),
      'input_table_list[1].expression_filename',
      'persons.csv',
    ],
    [
      'a comment in a data file',
      project({
        'project/data/control_totals_cluster.csv': 'Cluster,HH_Total,LARGE,CAR\n1,50,35,52\n# 2,40,22,41\n',
      }),
      'control_totals_cluster.csv',
      'without comments',
    ],
    [
      'a missing total',
      project({
        'project/data/control_totals_cluster.csv': 'Cluster,HH_Total,LARGE,CAR\n1,50,,52\n2,40,22,41\n',
      }),
      'control_totals_cluster.csv[0].LARGE',
      'a total',
    ],
    [
      'a zone twice',
      project({
        'project/data/control_totals_cluster.csv': 'Cluster,HH_Total,LARGE,CAR\n1,50,3,52\n1,40,22,41\n',
      }),
      'control_totals_cluster.csv[1].Cluster',
      'one row for each zone',
    ],
    [
      'a zone in two seed zones',
      project({ 'project/data/geo_cross_walk.csv': 'Region,Cluster,TAZ\n1,1,101\n1,2,101\n' }),
      'geo_cross_walk.csv[1].TAZ',
      'TAZ 101 in one Cluster',
    ],
  ])('refuses %s', async (_, files, place, received) => {
    const at = folder(files)
    const finished = await run(at)
    expect(finished.code).toBe(2)
    expect(finished.stderr).toContain(place)
    expect(finished.stderr).toContain(received)
    expect(() => textOf(at, 'ours/targets.csv')).toThrow()
  })

  it('refuses a folder that is no project', async () => {
    const at = folder({ 'project/readme.txt': '' })
    const finished = await run(at)
    expect(finished.code).toBe(2)
    expect(finished.stderr).toContain('a PopulationSim project')
  })
})

const survey = caseFolder('travel_survey')

describe.runIf(survey)('the travel survey as a PopulationSim project', () => {
  it('gives the targets of the case, and their very matrix', async () => {
    const read = (name: string) => readFileSync(join(survey!, name))
    const cases = read('targets.csv').toString().trim().split('\n').slice(1, 26)
    // The case's SQL, back in Python.
    const controls = cases.map((row) => {
      const [name, , table, predicate, importance] = row.split(',')
      const python = predicate!
        .replace(
          /(\w+) (=|>=|>) ('\w+'|\d+)/g,
          (_, column, operator, value) =>
            `(${table}.${column} ${operator === '=' ? '==' : operator} ${value})`,
        )
        .replaceAll(' OR ', ' | ')
        .replace(/(\w+) IS NULL/, `${table}.$1.isna()`)
        .replace(/hhID IS NOT NULL/, `${table}.hh_id.notna()`)
      const field = { num_hh: 'HH_Total', num_p: 'POP_Total' }[name!] ?? name
      return `${name},SUBREGCluster,${table},${importance},${field},${python}`
    })
    const at = folder({
      'project/configs/settings.yaml': project()
        ['project/configs/settings.yaml']!.replaceAll('Cluster', 'SUBREGCluster')
        .replace(', TAZ]', ']'),
      'project/configs/controls.csv': `target,geography,seed_table,importance,control_field,expression\n${controls.join('\n')}\n`,
      'project/data/seed_households.csv': read('households.csv'),
      'project/data/seed_persons.csv': read('persons.csv'),
      'project/data/geo_cross_walk.csv': 'Region,SUBREGCluster\n1,1\n1,2\n1,3\n1,4\n',
      'project/data/control_totals_cluster.csv': read('control_totals.csv'),
    })
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    const problem = (file: string) =>
      readProblem({
        records: { name: 'households', files: [join(survey!, 'households.csv')] },
        children: [{ name: 'persons', files: [join(survey!, 'persons.csv')], childKey: 'hhID' }],
        ...{ nullMarkers: ['NA'], id: 'hhID', weight: 'HHweight', areaColumn: 'SUBREGCluster' },
        ...{ targets: [file], targetsWhere: 'importance IS NOT NULL' },
      })
    const [ours, theirs] = [
      await problem(at('ours/targets.csv')),
      await problem(join(survey!, 'targets.csv')),
    ]
    const stated = ({ targets }: typeof ours) =>
      targets.map(({ name, area, total, table }) => ({ name, area, total, table }))
    expect(stated(ours)).toEqual(stated(theirs))
    expect(ours.targets).toHaveLength(100)
    expect(ours.matrix).toEqual(theirs.matrix)
  })
})
