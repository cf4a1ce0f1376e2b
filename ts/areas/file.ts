import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { parseDocument } from 'yaml'
import { InputError } from '../errors.js'
import { readAreasCsv } from './csv.js'

/** A band as the file states it: a share of the target, text with a percent sign, or in units of the target. */
export type FileBand = number | string | { absolute: number } | { lower: number; upper: number }
export type FileWeight = number | 'hard'

export interface FileOverride {
  match: string
  band?: FileBand
  weight?: FileWeight
  optional?: boolean
}

/** What an area or the defaults may set. */
export interface AreaSettings {
  weightScale?: number
  where?: string
  band?: FileBand
  overrides?: FileOverride[]
  drop?: (string | { match: string; optional?: boolean })[]
  bounds?: [lower: number, upper: number]
  cap?: number | string
}

export interface AreaEntry extends AreaSettings {
  key: string
  targets?: { name: string; total?: number; band?: FileBand; weight?: FileWeight }[]
}

/** The areas file, checked by docs/schema/areas-1.schema.json. */
export interface AreasFile {
  totals?: string
  areaColumn?: string
  defaults?: AreaSettings
  areas: AreaEntry[]
}

/**
 * Reads an areas file: YAML, JSON, or CSV with a row per area.
 * @throws {InputError} that names the first fault of the file as a whole; what is wrong with the targets, records and totals of
 * an area is found by `resolveAreas`.
 */
export async function readAreasFile(path: string): Promise<AreasFile> {
  const document = /\.csv$/i.test(path) ? await readAreasCsv(path) : parseYaml(path, await text(path))
  checkSchema(path, document)
  const file = document as AreasFile
  checkKeys(file.areas)
  return file
}

async function text(path: string): Promise<string> {
  if (!/\.(ya?ml|json)$/i.test(path)) {
    throw new InputError('format', {
      path: '--areas',
      expected: 'a file ending in .yaml, .yml, .json or .csv',
      received: path,
    })
  }
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const received = `${path} (${cause instanceof Error ? cause.message : String(cause)})`
    throw new InputError('file', { path: '--areas', expected: 'a readable file', received, cause })
  }
}

/** JSON is YAML, and the YAML reader also finds keys that are given twice, of which JSON.parse would keep the last. */
function parseYaml(path: string, text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true, strict: true, prettyErrors: true })
  const [fault] = [...document.errors, ...document.warnings]
  if (fault) {
    const [message = ''] = fault.message.split(/:?\n/)
    const code = fault.code === 'DUPLICATE_KEY' ? 'not_unique' : 'format'
    throw new InputError(code, {
      path: lineOf(path, fault.linePos?.[0].line),
      expected: fault.code === 'DUPLICATE_KEY' ? 'each key once' : 'YAML or JSON',
      received: message,
      cause: fault,
    })
  }
  try {
    return document.toJS()
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause)
    throw new InputError('format', { path: basename(path), expected: 'YAML or JSON', received, cause })
  }
}

const lineOf = (path: string, line: number | undefined) =>
  line === undefined ? basename(path) : `${basename(path)}:${line}`

const schema = JSON.parse(
  readFileSync(new URL('../../docs/schema/areas-1.schema.json', import.meta.url), 'utf8'),
)
const settingNames = Object.keys(schema.$defs.settings.properties)

function checkSchema(path: string, document: unknown): void {
  const validate = new Ajv2020({ verbose: true, allowUnionTypes: true, strictTypes: false }).compile(schema)
  if (validate(document)) return
  throw inputError(path, validate.errors![0]!)
}

function inputError(file: string, error: ErrorObject): InputError {
  const { keyword, params, data } = error
  const inside = error.instancePath.replace(/\/(\d+)/g, '[$1]').replace(/\//g, '.')
  const place = (inside === '' ? basename(file) : unescapePointer(inside)).replace(/^\./, '')
  const at = (name: string) => (inside === '' ? name : `${place}.${name}`)
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name: string = params.additionalProperty ?? params.unevaluatedProperty
      return new InputError('unknown_option', {
        path: at(name),
        expected: `one of ${knownNames(error)}`,
        received: JSON.stringify(name),
      })
    }
    case 'required':
    case 'dependentRequired':
      return new InputError('missing_value', {
        path: at(params.missingProperty),
        expected: 'a value',
        received: 'nothing',
      })
    case 'type':
      return new InputError('wrong_type', {
        path: place,
        expected: `a ${[params.type].flat().join(' or ')}${inside.endsWith('.key') ? ' (quote a number)' : ''}`,
        received: shown(data),
      })
    case 'minimum':
    case 'exclusiveMinimum':
      return new InputError('out_of_range', {
        path: place,
        expected: `a number ${keyword === 'minimum' ? 'from' : 'above'} ${params.limit}`,
        received: shown(data),
      })
    case 'minItems':
    case 'minLength':
    case 'minProperties':
      return new InputError('empty', { path: place, expected: error.message!, received: shown(data) })
    default:
      return new InputError('format', {
        path: place,
        expected: error
          .message!.replace(/^must (be|match|have)/, (_, verb) => (verb === 'be' ? '' : `to ${verb}`))
          .trim(),
        received: shown(data),
      })
  }
}

const unescapePointer = (text: string) => text.replaceAll('~1', '/').replaceAll('~0', '~')

/** The names that the schema knows at the place of a fault. */
function knownNames({ parentSchema, keyword }: ErrorObject): string {
  const here = Object.keys(parentSchema?.properties ?? {})
  return (keyword === 'unevaluatedProperties' ? [...here, ...settingNames] : here).join(', ')
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`
}

/** Keys name files: on some systems two that differ in their case alone would be one. */
function checkKeys(areas: readonly AreaEntry[]): void {
  const earlier = new Map<string, number>()
  areas.forEach(({ key }, i) => {
    const same = earlier.get(key.toLowerCase())
    if (same !== undefined) {
      throw new InputError('not_unique', {
        path: `areas[${i}].key`,
        expected: 'a key that no other area has, the case of letters aside',
        received: `${key}, as in areas[${same}]`,
      })
    }
    earlier.set(key.toLowerCase(), i)
  })
}
