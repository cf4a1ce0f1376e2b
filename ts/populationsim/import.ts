import { Database, identifier, literal } from '../data/database.js'
import { checkExpressions, parenthesised, type Expression as SqlExpression } from '../data/expressions.js'
import { isNumeric, lookUp } from '../data/table.js'
import { InputError } from '../errors.js'
import { type Control, controlPath, readControls, translateControl } from './controls.js'
import { Geography } from './geography.js'
import { type Folders, readSettings, type Settings } from './settings.js'
import type { Translation } from './sql.js'
import { columnOf, type LoadedInput, loadInput, numbersOf, reservedWords, zonesOf } from './tables.js'

/** A target as it is written to targets.csv. */
export interface ImportedTarget {
  name: string
  /** null: over all records. */
  area: string | null
  table: string
  predicate: string
  /** null: a count. */
  value: string | null
  total: number
  importance: number | null
}

/** A zone of the seed geography. */
export interface ImportedArea {
  key: string
  /** Total of the household control over the sum of the design weights; null without such a total. */
  weightScale: number | null
}

/** A PopulationSim project as a reweighting problem; the records stay in their files. */
export interface Imported {
  settings: Settings
  folders: Folders
  /** Columns by their names in the file. */
  households: { idColumn: string; weightColumn: string; areaColumn: string }
  /** null where no control counts persons. */
  persons: { keyColumn: string } | null
  nullMarkers: string[]
  /** Some design weights are 0 or negative. */
  dropNonPositive: boolean
  targets: ImportedTarget[]
  areas: ImportedArea[]
  warnings: string[]
}

/** A control with its SQL and, by zone of its geography (of the seed geography, if that is larger), its total. */
interface Counted {
  control: Control
  translation: Translation
  totals: Map<string, number>
}

/**
 * Reads a PopulationSim project: its controls as targets of the seed zones. Controls of smaller geographies are added up over
 * the crosswalk, as its own balancing of the seed zones does; those of larger ones count over all the seed zones in them.
 */
export async function importPopulationSim(project: string, given: Partial<Folders>): Promise<Imported> {
  const { settings, folders } = await readSettings(project, given)
  const database = await Database.open()
  try {
    return await read(database, settings, folders)
  } finally {
    await database.close()
  }
}

async function read(database: Database, settings: Settings, folders: Folders): Promise<Imported> {
  const warnings: string[] = []
  const load = (name: string) => loadInput(database, settings, folders.data, name)
  const controls = await readControls(database, settings, folders.configs)
  const geography = new Geography(settings, await load('geo_cross_walk'))
  const households = await load('households')
  const hasPersons = controls.some(({ seedTable }) => seedTable === 'persons')
  const persons = hasPersons ? await load('persons') : null
  const translations = await translateAll(database, settings, controls, { households, persons })

  const counted: Counted[] = []
  const totalsOf = new Map<string, LoadedInput>()
  for (const [i, control] of controls.entries()) {
    const name = `${control.geography}_control_data`
    const table = totalsOf.get(name) ?? (await load(name))
    totalsOf.set(name, table)
    const totals = await zoneTotals(database, settings, control, { table, geography, warnings })
    counted.push({ control, translation: translations[i]!, totals })
  }
  const weights = await numbersOf(database, households, settings.weightColumn)
  const areas = seedAreas(settings, households, weights, { counted, geography, warnings })
  const inputs = [households, ...(persons ? [persons] : [])]
  return {
    settings,
    folders,
    households: {
      idColumn: columnOf(households, settings.idColumn),
      weightColumn: columnOf(households, settings.weightColumn),
      areaColumn: columnOf(households, settings.seedGeography),
    },
    persons: persons && { keyColumn: columnOf(persons, settings.idColumn) },
    nullMarkers: [...new Set(inputs.flatMap(({ nullMarkers }) => nullMarkers))].sort(),
    dropNonPositive: weights.some((weight) => weight <= 0),
    targets: [
      ...areas.flatMap(({ key }) => targetsOfSeed(key, settings, { counted, geography, warnings })),
      ...targetsAbove(settings, households, persons, { counted, geography }),
    ],
    areas,
    warnings,
  }
}

/** The SQL of every control, checked against the columns of its table. */
async function translateAll(
  database: Database,
  settings: Settings,
  controls: readonly Control[],
  tables: { households: LoadedInput; persons: LoadedInput | null },
): Promise<Translation[]> {
  const reserved = await reservedWords(database)
  const translations = controls.map((control) => {
    const { columns } = tables[control.seedTable]!
    return translateControl(settings, control, { name: control.seedTable, columns, reservedWords: reserved })
  })
  for (const name of ['households', 'persons'] as const) {
    const here = controls.flatMap((control, i) =>
      control.seedTable === name ? sqlOf(settings, control, translations[i]!) : [],
    )
    if (tables[name] !== null) await checkExpressions(database, tables[name].table, here)
  }
  return translations
}

function sqlOf(settings: Settings, control: Control, { predicate, value }: Translation): SqlExpression[] {
  const path = controlPath(settings, control, 'expression')
  const expressions: SqlExpression[] = [{ sql: predicate, kind: 'predicate', path }]
  return value === null ? expressions : [...expressions, { sql: value, kind: 'value', path }]
}

/** A control's totals by zone, those of zones below the seed zones added up in the order of the file. */
async function zoneTotals(
  database: Database,
  settings: Settings,
  control: Control,
  { table, geography, warnings }: { table: LoadedInput; geography: Geography; warnings: string[] },
): Promise<Map<string, number>> {
  if (!table.columns.has(control.field)) {
    throw new InputError('unknown_column', {
      path: controlPath(settings, control, 'control_field'),
      expected: `one of the columns of ${table.path}: ${[...table.columns.keys()].join(', ')}`,
      received: control.field,
    })
  }
  const isBelow = geography.isBelowSeed(control.geography)
  const seedOf = isBelow ? geography.seedOf(control.geography) : null
  const values = await numbersOf(database, table, control.field)
  const totals = new Map<string, number>()
  const outside = new Set<string>()
  zonesOf(table, control.geography).forEach((zone, row) => {
    const value = values[row]!
    if (!Number.isFinite(value)) {
      const path = `${table.path}[${row}].${control.field}`
      throw new InputError('missing_value', {
        path,
        expected: 'a total',
        received: 'nothing or no finite number',
      })
    }
    const key = seedOf ? seedOf.get(zone) : zone
    if (key === undefined) outside.add(zone)
    else if (!isBelow && totals.has(key)) {
      const path = `${table.path}[${row}].${control.geography}`
      throw new InputError('not_unique', {
        path,
        expected: 'one row for each zone',
        received: `a second of ${zone}`,
      })
    } else totals.set(key, (totals.get(key) ?? 0) + value)
  })
  if (outside.size > 0) {
    warnings.push(
      `${control.target}: ${outside.size} zones of ${control.geography} are not in the crosswalk and are left out`,
    )
  }
  return totals
}

interface Context {
  counted: readonly Counted[]
  geography: Geography
  warnings: string[]
}

/** The seed zones that have totals and households, in the order of the first control. */
function seedAreas(
  settings: Settings,
  households: LoadedInput,
  weights: Float64Array,
  { counted, geography, warnings }: Context,
): ImportedArea[] {
  const sums = new Map<string, number>()
  zonesOf(households, settings.seedGeography).forEach((zone, row) => {
    if (weights[row]! > 0) sums.set(zone, (sums.get(zone) ?? 0) + weights[row]!)
  })
  const here = counted.filter(({ control }) => !geography.isAboveSeed(control.geography))
  const zones = new Set(here.flatMap(({ totals }) => [...totals.keys()]))
  const household = counted.find(({ control }) => control.target === settings.totalHouseholds)
  const areas: ImportedArea[] = []
  for (const key of zones) {
    const sum = sums.get(key)
    if (sum === undefined) {
      warnings.push(
        `${settings.seedGeography} ${key} has totals but no households of positive weight: left out`,
      )
      continue
    }
    const total = household?.totals.get(key)
    areas.push({ key, weightScale: total === undefined ? null : total / sum })
  }
  if (areas.length > 0 || here.length === 0) return areas
  throw new InputError('empty', {
    path: `settings.yaml: seed_geography`,
    expected: `households in the zones of ${settings.seedGeography} that have totals`,
    received: `none; households are in ${[...sums.keys()].slice(0, 5).join(', ')}`,
  })
}

function targetsOfSeed(
  area: string,
  settings: Settings,
  { counted, geography, warnings }: Context,
): ImportedTarget[] {
  return counted.flatMap(({ control, translation, totals }) => {
    if (geography.isAboveSeed(control.geography)) return []
    const total = totals.get(area)
    if (total === undefined) {
      warnings.push(`${control.target} has no total for ${settings.seedGeography} ${area}: left out there`)
      return []
    }
    return [target(control, translation, { name: control.target, area, total })]
  })
}

/** Targets over the zones of larger geographies: over all records, or over those of the seed zones in the zone. */
function targetsAbove(
  settings: Settings,
  households: LoadedInput,
  persons: LoadedInput | null,
  { counted, geography }: Pick<Context, 'counted' | 'geography'>,
): ImportedTarget[] {
  const present = new Set(zonesOf(households, settings.seedGeography))
  return counted.flatMap(({ control, translation, totals }) => {
    if (!geography.isAboveSeed(control.geography)) return []
    const seedsIn = geography.seedsIn(control.geography)
    return [...totals].map(([zone, total]) => {
      const seeds = seedsIn.get(zone) ?? new Set()
      const name = totals.size === 1 ? control.target : `${control.target} (${control.geography} ${zone})`
      if ([...present].every((seed) => seeds.has(seed)))
        return target(control, translation, { name, area: null, total })
      const within = withinSeeds(
        settings,
        households,
        control.seedTable === 'persons' ? persons : null,
        seeds,
      )
      const predicate = `${parenthesised(translation.predicate)} AND ${within}`
      return target(control, { ...translation, predicate }, { name, area: null, total })
    })
  })
}

/** That a row belongs to a household of these seed zones. */
function withinSeeds(
  settings: Settings,
  households: LoadedInput,
  persons: LoadedInput | null,
  seeds: ReadonlySet<string>,
): string {
  const column = lookUp(households.table.columns, columnOf(households, settings.seedGeography))!
  const values = [...seeds].map((seed) => (isNumeric(column.type) ? seed : literal(seed)))
  const isIn = `${identifier(column.name)} IN (${values.join(', ')})`
  if (persons === null) return isIn
  const key = identifier(columnOf(persons, settings.idColumn))
  const id = identifier(columnOf(households, settings.idColumn))
  return `${key} IN (SELECT ${id} FROM households WHERE ${isIn})`
}

const target = (
  { seedTable, importance }: Control,
  { predicate, value }: Translation,
  place: Pick<ImportedTarget, 'name' | 'area' | 'total'>,
): ImportedTarget => ({ ...place, table: seedTable, predicate, value, importance })
