import { join, relative, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { Imported } from './import.js'

/** A field of RFC 4180. */
const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const csv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(quote).join(',')}\n`).join('')

const targetColumns = ['name', 'area', 'table', 'predicate', 'value', 'total', 'importance', 'scale']

/** The text of targets.csv, in the columns that `--targets` reads; the column scale is left for the user to fill. */
export function targetsText({ targets }: Imported): string {
  const rows = targets.map(({ name, area, table, predicate, value, total, importance }) => [
    ...[name, area ?? '', table, predicate, value ?? '', String(total)],
    ...[importance === null ? '' : String(importance), ''],
  ])
  return csv([targetColumns, ...rows])
}

/** The arguments that read the records, from within the folder `out`. */
export function dataArguments(imported: Imported, out: string): string[][] {
  const { settings, folders, households, persons } = imported
  const fileOf = (table: string) =>
    relative(resolve(out), resolve(join(folders.data, settings.tables.get(table)!.file)))
  return [
    [
      '--records',
      `households=${fileOf('households')}`,
      '--id',
      households.idColumn,
      '--weight',
      households.weightColumn,
    ],
    persons === null ? [] : ['--child', `persons=${fileOf('persons')}:${persons.keyColumn}`],
    imported.nullMarkers.flatMap((marker) => ['--null', marker]),
    imported.dropNonPositive ? ['--drop-nonpositive'] : [],
  ].filter((part) => part.length > 0)
}

const targetArguments = ({ households }: Imported) => [
  ...['--targets', 'targets.csv', '--area-column', households.areaColumn],
]

/** Bounds of the multipliers as the settings have them; null where these have none. */
function boundsOf({ minExpansionFactor, maxExpansionFactor }: Imported['settings']): [number, number] | null {
  if (minExpansionFactor === null && maxExpansionFactor === null) return null
  return [minExpansionFactor ?? 0, maxExpansionFactor ?? 1e9]
}

const shellWord = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

function commandText([name, lines]: [name: string, lines: readonly string[][]]): string {
  const words = lines.filter((line) => line.length > 0).map((line) => line.map(shellWord).join(' '))
  return `${name} ${words.join(' \\\n      ')}`
}

/** README.md: what was made of what, how to run it, and what PopulationSim does differently. */
export function readmeText(imported: Imported, out: string): string {
  const { settings, folders, targets, areas, warnings } = imported
  const from = relative(resolve(out), resolve(folders.configs)) || '.'
  const results = ['--out', 'weights.csv', '--certificate', 'certificate.json', '--report', 'report.html']
  const bounds = boundsOf(settings)
  const form = [
    ['--form', 'bands', '--band', '0.5%', ...(bounds === null ? [] : ['--bounds', bounds.join(',')])],
    targets.some(({ importance }) => importance !== null)
      ? ['--importance', 'importance', '--elastic', '1000']
      : [],
  ]
  const data = dataArguments(imported, out)
  const command = commandText(['equipoise reweight', [...data, targetArguments(imported), ...form, results]])
  const perArea = commandText([
    'equipoise areas',
    [...data, ['--targets', 'area-targets.csv', '--areas', 'areas.yaml'], ...form, ['--out', 'areas']],
  ])
  const below = settings.geographies.slice(settings.geographies.indexOf(settings.seedGeography) + 1)
  return `# A PopulationSim project as a reweighting problem

Made by \`equipoise import populationsim\` from the settings in \`${from}\`.

| file | content |
| --- | --- |
| targets.csv | ${targets.length} targets: the controls of \`${settings.controlFile}\`, for each ${settings.seedGeography} its totals |
| areas.yaml | ${areas.length} areas: each ${settings.seedGeography} with the factor that scales its design weights to its number of households |
| area-targets.csv, totals.csv | the same targets for \`areas.yaml\`: what they count, and the totals of each area |

The records stay where they are. In this folder:

    ${command}

brings each total within 0.5 % of its control, or as near as the others allow: a miss costs its importance times 1000 times the
square of the relative miss. It weights all of ${settings.seedGeography} at once; with \`--area ${areas[0]?.key ?? 'VALUE'}\` one of them.

    ${perArea}

weights each ${settings.seedGeography} by itself, from design weights scaled to its number of households.

What is different from PopulationSim:

- The weights are the nearest to the design weights that meet the targets in the sense of the chosen form (\`--form\`: bands,
  calibrate or penalty), with a proof; PopulationSim maximises entropy and relaxes controls by their importance until it converges.
${
  bounds !== null
    ? `- The expansion factors bound the multipliers of the design weights themselves. PopulationSim first scales these to the total
  number of households, as the second command does.
`
    : ''
}${below.length > 0 ? `- Controls of ${below.join(', ')} are added up to ${settings.seedGeography}: no weights are allocated within it.\n` : ''}${
  settings.without.length > 0 ? `- Not taken over: ${settings.without.join(', ')}.\n` : ''
}- Weights stay as they are, no records are drawn or expanded.
${warnings.length > 0 ? `\nSaid while importing:\n\n${warnings.map((warning) => `- ${warning}`).join('\n')}\n` : ''}`
}

/** The text of areas.yaml: the seed zones, each with its own totals in totals.csv and the scale of its weights. */
export function areasText({ settings, households, areas }: Imported): string {
  const bounds = boundsOf(settings)
  return stringify({
    schema: 'equipoise/areas/1',
    totals: 'totals.csv',
    areaColumn: households.areaColumn,
    ...(bounds === null ? {} : { defaults: { bounds } }),
    areas: areas.map(({ key, weightScale }) => ({ key, ...(weightScale === null ? {} : { weightScale }) })),
  })
}

/** The text of totals.csv: a row for each area, a column for each of its targets. */
export function totalsText({ targets, areas }: Imported): string {
  const names = [...new Set(targets.filter(({ area }) => area !== null).map(({ name }) => name))]
  const totals = new Map(targets.map(({ area, name, total }) => [JSON.stringify([area, name]), total]))
  const rows = areas.map(({ key }) => [
    key,
    ...names.map((name) => String(totals.get(JSON.stringify([key, name])) ?? '')),
  ])
  return csv([['area', ...names], ...rows])
}

/** The text of area-targets.csv: what the totals of totals.csv count, once for all areas. */
export function areaTargetsText({ targets }: Imported): string {
  const first = new Map(
    targets
      .filter(({ area }) => area !== null)
      .toReversed()
      .map((one) => [one.name, one]),
  )
  const rows = [...first.values()]
    .toReversed()
    .map(({ name, table, predicate, value, importance }) => [
      name,
      table,
      predicate,
      value ?? '',
      importance === null ? '' : String(importance),
    ])
  return csv([['name', 'table', 'predicate', 'value', 'importance'], ...rows])
}
