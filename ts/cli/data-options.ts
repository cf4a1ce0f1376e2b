import { tmpdir } from 'node:os'
import { type Command, Option } from 'commander'
import type { AreaDefinition } from '../areas/resolve.js'
import type { ChildSource, ProblemSource } from '../data/problem.js'
import type { MatrixIndex } from '../data/triples.js'
import { append, parseChild, parseCount, parseNamedFile } from './arguments.js'

/** The options that say where a problem is read from, as commander returns them. */
export interface DataOptions {
  records?: { name: string | undefined; files: readonly string[] }
  id?: string
  weight?: string
  child?: ChildSource[]
  null?: string[]
  targets?: string
  targetsWhere?: string
  areaColumn?: string
  area?: string
  matrix?: string
  matrixIndex?: MatrixIndex
  dropNonpositive?: boolean
  dropImpossible?: boolean
  threads?: number
  storage?: 'memory' | 'disk'
}

/** The area that a certificate is about. */
export interface AreaSelection {
  /** Base name of the file that states it. */
  file: string
  definition: AreaDefinition
  /** The cap for which its upper bounds were lowered; null where they were not. */
  exhaustionCap: number | null
}

/** How the data are selected, as a certificate keeps it: everything but the files, which it lists with their hashes. */
export interface DataSelection {
  id: string | null
  weight: string
  children: { childKey: string; recordKey: string | null }[]
  nullMarkers: string[]
  targetsWhere: string | null
  areaColumn: string | null
  area: string | null
  matrixIndex: MatrixIndex | null
  dropNonPositive: boolean
  dropImpossible: boolean
  /** Of an area among others. */
  areas?: AreaSelection
}

/** `without`: options that the command has no use for, by their names in `DataOptions`. */
export function addDataOptions(
  command: Command,
  { areRequired, without = [] }: { areRequired: boolean; without?: readonly (keyof DataOptions)[] },
): Command {
  const options = [
    new Option(
      '--records <[NAME=]FILE>',
      'records, one row each: CSV, Parquet or JSON, or a glob; NAME: the table in predicates (default: the stem)',
    )
      .argParser(parseNamedFile)
      .makeOptionMandatory(areRequired),
    new Option('--id <column>', 'column of the record ids, kept as written (default: row numbers from 0)'),
    new Option('--weight <column>', 'column of the design weights').makeOptionMandatory(areRequired),
    new Option(
      '--child <[NAME=]FILE:childKey[=recordKey]>',
      'rows that belong to a record, by its id or its recordKey; repeatable',
    ).argParser(append(parseChild)),
    new Option(
      '--null <text>',
      'text that means "missing" in CSV, beside the empty field; repeatable',
    ).argParser(append((text) => text)),
    new Option(
      '--targets <file>',
      'columns name, table, predicate, total and optionally value, area, scale',
    ).makeOptionMandatory(areRequired),
    new Option('--targets-where <sql>', 'only the targets for which this holds'),
    new Option('--area-column <column>', 'column of the records that the area of a target refers to'),
    new Option('--area <value>', 'only this area (default: all areas are one problem)'),
    new Option('--matrix <file>', 'columns record, target, value instead of predicates'),
    new Option(
      '--matrix-index <kind>',
      'what the column record of --matrix holds: positions from 0 within the area, or ids (default: position)',
    ).choices(['position', 'id']),
    new Option('--drop-nonpositive', 'leave out records of zero or negative weight, and say how many'),
    new Option('--drop-impossible', 'leave out targets to which no record contributes'),
    new Option('--threads <count>', 'threads; the result does not depend on it (default: all)').argParser(
      parseCount,
    ),
    new Option(
      '--storage <kind>',
      "memory, or disk for a matrix that memory does not hold: temporary files in the system's folder (TMPDIR)",
    )
      .choices(['memory', 'disk'])
      .default('memory'),
  ]
  const wanted = options.filter((option) => !without.some((name) => name === option.attributeName()))
  for (const option of wanted) command.addOption(option)
  return command
}

/** The source that complete options describe. */
export function problemSource(options: DataOptions): ProblemSource {
  return {
    records: options.records!,
    children: options.child,
    nullMarkers: options.null,
    id: options.id,
    weight: options.weight!,
    targets: [options.targets!],
    targetsWhere: options.targetsWhere,
    areaColumn: options.areaColumn,
    area: options.area,
    matrix:
      options.matrix === undefined
        ? undefined
        : { files: [options.matrix], index: options.matrixIndex ?? 'position' },
    dropNonPositive: options.dropNonpositive,
    dropImpossible: options.dropImpossible,
    threads: options.threads,
    storage: options.storage === 'disk' ? { folder: tmpdir() } : 'memory',
  }
}

/** The files that the options name. */
export const dataFiles = ({ records, child = [], targets, matrix }: DataOptions): string[] =>
  [...(records?.files ?? []), ...child.flatMap(({ files }) => files), targets, matrix].filter(
    (file) => file !== undefined,
  )

export const dataSelection = (source: ProblemSource): DataSelection => ({
  id: source.id ?? null,
  weight: source.weight,
  children: (source.children ?? []).map(({ childKey, recordKey }) => ({
    childKey,
    recordKey: recordKey ?? null,
  })),
  nullMarkers: [...(source.nullMarkers ?? [])],
  targetsWhere: source.targetsWhere ?? null,
  areaColumn: source.areaColumn ?? null,
  area: source.area ?? null,
  matrixIndex: source.matrix?.index ?? null,
  dropNonPositive: source.dropNonPositive ?? false,
  dropImpossible: source.dropImpossible ?? false,
})
