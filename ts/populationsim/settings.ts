import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { InputError } from '../errors.js'

/** A table of `input_table_list`. */
export interface InputTable {
  name: string
  file: string
  /** New name of a column by its name in the file. */
  renamed: ReadonlyMap<string, string>
  dropped: ReadonlySet<string>
}

/** What a settings.yaml of PopulationSim says that bears on the weights. */
export interface Settings {
  /** From the region as a whole down. */
  geographies: string[]
  seedGeography: string
  tables: ReadonlyMap<string, InputTable>
  weightColumn: string
  idColumn: string
  totalHouseholds: string | null
  controlFile: string
  /** null: no limit. */
  minExpansionFactor: number | null
  maxExpansionFactor: number | null
  /** Settings that change the weights there and have no counterpart here, as written. */
  without: string[]
}

export interface Folders {
  configs: string
  data: string
}

const file = 'settings.yaml'

/** Reads the settings of a project folder: `configs/settings.yaml` and the data folder that they name, unless told otherwise. */
export async function readSettings(
  project: string,
  given: Partial<Folders>,
): Promise<{ settings: Settings; folders: Folders }> {
  const configs = given.configs ?? (await firstWithSettings(project))
  const path = join(configs, file)
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new InputError('file', {
      path,
      expected: 'the settings of PopulationSim',
      received: cause.message,
      cause,
    })
  })
  const values = parseYaml(text)
  const data = given.data ?? join(project, optionalText(values, 'data_dir') ?? 'data')
  return { settings: settingsFrom(values), folders: { configs, data } }
}

async function firstWithSettings(project: string): Promise<string> {
  const folders = [join(project, 'configs'), project]
  for (const folder of folders) {
    if ((await stat(join(folder, file)).catch(() => null))?.isFile()) return folder
  }
  const expected = `a PopulationSim project: ${folders.map((folder) => join(folder, file)).join(' or ')} (or --configs)`
  throw new InputError('file', { path: '<folder>', expected, received: 'no such file' })
}

function parseYaml(text: string): Record<string, unknown> {
  try {
    // PopulationSim reads YAML 1.1, where `yes` and `on` are true.
    const values: unknown = parse(text, { version: '1.1' })
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) return { ...values }
    throw new SyntaxError('no map of settings')
  } catch (cause) {
    const received = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
    throw new InputError('format', { path: file, expected: 'YAML, a map of settings', received, cause })
  }
}

function settingsFrom(values: Record<string, unknown>): Settings {
  const { geographies } = values
  if (!Array.isArray(geographies) || geographies.length === 0) {
    throw wrong('geographies', 'a list of geographies, the largest first', geographies)
  }
  const names = geographies.map((name, i) => asText(`geographies[${i}]`, name))
  const seedGeography = requiredText(values, 'seed_geography')
  if (!names.includes(seedGeography))
    throw wrong('seed_geography', `one of ${names.join(', ')}`, seedGeography)
  const others = [
    'absolute_upper_bound',
    'absolute_upper_bounds',
    'absolute_lower_bound',
    'absolute_lower_bounds',
  ]
  return {
    geographies: names,
    seedGeography,
    tables: inputTables(values.input_table_list),
    weightColumn: requiredText(values, 'household_weight_col'),
    idColumn: requiredText(values, 'household_id_col'),
    totalHouseholds: optionalText(values, 'total_hh_control'),
    controlFile: optionalText(values, 'control_file_name') ?? 'controls.csv',
    minExpansionFactor: factor(values, 'min_expansion_factor'),
    maxExpansionFactor: factor(values, 'max_expansion_factor'),
    without: others.filter((name) => isGiven(values[name])).map((name) => `${name}: ${values[name]}`),
  }
}

function inputTables(list: unknown): Map<string, InputTable> {
  if (!Array.isArray(list)) throw wrong('input_table_list', 'a list of tables', list)
  const tables = list.map((entry: unknown, i): [string, InputTable] => {
    const place = `input_table_list[${i}]`
    if (typeof entry !== 'object' || entry === null)
      throw wrong(place, 'a map of tablename, filename, ...', entry)
    const table = entry as Record<string, unknown>
    for (const changed of ['expression_filename', 'recode_columns']) {
      if (isGiven(table[changed])) {
        throw wrong(`${place}.${changed}`, 'none: make such columns in the file itself', table[changed])
      }
    }
    const name = asText(`${place}.tablename`, table.tablename)
    const renamed = table.rename_columns ?? table.column_map ?? {}
    if (typeof renamed !== 'object') throw wrong(`${place}.rename_columns`, 'a map of names', renamed)
    const dropped = table.drop_columns ?? []
    if (!Array.isArray(dropped)) throw wrong(`${place}.drop_columns`, 'a list of names', dropped)
    return [
      name,
      {
        name,
        file: asText(`${place}.filename`, table.filename),
        renamed: new Map(Object.entries(renamed as object).map(([from, to]) => [from, String(to)])),
        dropped: new Set(dropped.map(String)),
      },
    ]
  })
  return new Map(tables)
}

const isGiven = (value: unknown) => value !== undefined && value !== null

function factor(values: Record<string, unknown>, name: string): number | null {
  const value = values[name]
  if (!isGiven(value)) return null
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw wrong(name, 'a number of at least 0', value)
}

function requiredText(values: Record<string, unknown>, name: string): string {
  return asText(name, values[name])
}

function optionalText(values: Record<string, unknown>, name: string): string | null {
  return isGiven(values[name]) ? asText(name, values[name]) : null
}

function asText(place: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number') return String(value)
  throw wrong(place, 'a name', value)
}

const wrong = (place: string, expected: string, value: unknown) =>
  new InputError(isGiven(value) ? 'format' : 'missing_value', {
    path: `${file}: ${place}`,
    expected,
    received: isGiven(value) ? JSON.stringify(value) : 'nothing',
  })
