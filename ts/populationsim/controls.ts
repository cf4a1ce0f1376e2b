import { join } from 'node:path'
import { type Database, list } from '../data/database.js'
import { escapeGlob } from '../data/files.js'
import { lookUp } from '../data/table.js'
import { InputError } from '../errors.js'
import { ExpressionError } from './expression.js'
import type { Settings } from './settings.js'
import { type SeedTable, type Translation, translate } from './sql.js'

/** A row of the controls file. */
export interface Control {
  /** Counted from 0, comments left out. */
  row: number
  target: string
  geography: string
  seedTable: 'households' | 'persons'
  importance: number | null
  field: string
  expression: string
}

const columns = ['target', 'geography', 'seed_table', 'control_field', 'expression'] as const

/** How messages call a control: `controls.csv[3] (num_hh).expression`. */
export const controlPath = (settings: Settings, { row, target }: Control, column: string) =>
  `${settings.controlFile}[${row}] (${target}).${column}`

export async function readControls(
  database: Database,
  settings: Settings,
  configs: string,
): Promise<Control[]> {
  const rows = await readRows(database, join(configs, settings.controlFile), settings.controlFile)
  const controls = rows.map((cells, row) => control(settings, cells, row))
  const first = new Map<string, Control>()
  for (const one of controls) {
    const earlier = first.get(one.target)
    if (earlier !== undefined) {
      throw new InputError('not_unique', {
        path: controlPath(settings, one, 'target'),
        expected: 'a name that no other control has',
        received: `${one.target}, as in row ${earlier.row}`,
      })
    }
    first.set(one.target, one)
  }
  if (controls.length > 0) return controls
  throw new InputError('empty', {
    path: settings.controlFile,
    expected: 'at least one control',
    received: 'none',
  })
}

type Cells = Record<string, string | null>

async function readRows(database: Database, path: string, file: string): Promise<Cells[]> {
  try {
    const rows = await database.rows(
      `SELECT * FROM read_csv(${list([escapeGlob(path)])}, header = true, all_varchar = true, delim = ',', quote = '"',
         escape = '"', comment = '#', skip = 0, strict_mode = true)`,
    )
    return rows as Cells[]
  } catch (cause) {
    const received = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
    throw new InputError('file', { path: file, expected: 'a readable controls file', received, cause })
  }
}

function control(settings: Settings, cells: Cells, row: number): Control {
  const header = Object.keys(cells).map((name) => ({ name, type: 'VARCHAR' }))
  const cell = (column: string): string => {
    const found = lookUp(header, column)
    const text = found && cells[found.name]?.trim()
    if (text) return text
    throw new InputError(found ? 'missing_value' : 'unknown_column', {
      path: found ? `${settings.controlFile}[${row}].${column}` : settings.controlFile,
      expected: found ? 'an entry' : `the columns ${columns.join(', ')}`,
      received: found ? 'nothing' : header.map(({ name }) => name).join(', '),
    })
  }
  const importance = lookUp(header, 'importance') ? (cells[lookUp(header, 'importance')!.name] ?? '') : ''
  const found = {
    row,
    target: cell('target'),
    geography: cell('geography'),
    seedTable: cell('seed_table') as Control['seedTable'],
    importance: importance.trim() === '' ? null : Number(importance),
    field: cell('control_field'),
    expression: cell('expression'),
  }
  const wrong = (column: string, expected: string, received: string) =>
    new InputError('format', { path: controlPath(settings, found, column), expected, received })
  if (!settings.geographies.includes(found.geography))
    throw wrong('geography', `one of ${settings.geographies.join(', ')}`, found.geography)
  if (!['households', 'persons'].includes(found.seedTable))
    throw wrong('seed_table', 'households or persons', found.seedTable)
  if (found.importance !== null && !(found.importance > 0 && Number.isFinite(found.importance)))
    throw wrong('importance', 'a positive number', importance)
  return found
}

/** The control's expression as SQL; what cannot be translated is named by row, column and character. */
export function translateControl(settings: Settings, control: Control, table: SeedTable): Translation {
  try {
    return translate(control.expression, table)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw new InputError('expression', {
      path: controlPath(settings, control, 'expression'),
      expected: error.expected,
      received: `${error.received} (character ${error.at + 1} of ${control.expression})`,
      cause: error,
    })
  }
}
