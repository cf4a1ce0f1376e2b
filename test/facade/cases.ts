// The shared reference cases as problems.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type ReweightData, ReweightProblem } from '../../ts/index.js'
import { caseFolder } from '../data/folder.js'

/** The folders, or null with a plain message where there are none. */
export const survey = caseFolder('survey')
export const travelSurvey = caseFolder('travel_survey')

export const areas = [1, 2, 3, 4] as const
export type Area = (typeof areas)[number]

interface SurveyCase {
  readonly constraint_names: readonly string[]
  readonly targets: readonly number[]
  readonly d: readonly number[]
  readonly A_rows: readonly (readonly number[])[]
  readonly w_reference_calmar?: readonly number[]
  readonly w_recomputed_newton: readonly number[]
  readonly y_api00?: readonly number[]
  readonly y_enroll?: readonly number[]
}

/** A calibration case of `survey/` with its published weights. */
export function surveyCase(name: string): { data: ReweightData; published: SurveyCase } {
  const published: SurveyCase = JSON.parse(readFileSync(`${survey}/${name}.json`, 'utf8'))
  const data: ReweightData = {
    matrix: { format: 'columns', columns: published.A_rows },
    designWeights: published.d,
    targets: published.constraint_names.map((target, j) => ({ name: target, total: published.targets[j]! })),
    bounds: name.startsWith('calmar') ? [0.2, 1.3] : [0.4, 2.2],
  }
  return { data, published }
}

/** A travel survey's area with the named targets, factors from 0.5 to 4. */
export function travelProblem(area: Area, names: readonly string[]): ReweightProblem {
  const totals = new Map<string, number>()
  const columns: number[] = []
  for (const fields of rows(readFileSync(`${travelSurvey}/targets.csv`, 'utf8'))) {
    if (fields[1] !== String(area)) continue
    totals.set(fields[0]!, Number(fields.at(-1)))
    columns.push(names.indexOf(fields[0]!))
  }
  const entries = rows(unzipped(`matrix_area${area}.csv.gz`))
    .map(([record, target, value]) => [Number(record), columns[Number(target)]!, Number(value)] as const)
    .filter(([, column]) => column >= 0)
  const designWeights = rows(unzipped('records.csv.gz'))
    .filter(([of]) => of === String(area))
    .map((fields) => Number(fields[3]))
  return new ReweightProblem({
    matrix: {
      format: 'triples',
      rows: Uint32Array.from(entries, ([record]) => record),
      columns: Uint32Array.from(entries, ([, column]) => column),
      values: Float64Array.from(entries, ([, , value]) => value),
    },
    designWeights,
    targets: names.map((name) => ({ name, total: totals.get(name)! })),
    bounds: [0.5, 4],
  })
}

/** Answers computed with 200 bits from the decimal data. */
export const travelReference = travelSurvey
  ? JSON.parse(readFileSync(`${travelSurvey}/reference.json`, 'utf8'))
  : null

const unzipped = (file: string) => gunzipSync(readFileSync(`${travelSurvey}/${file}`)).toString()

/** The fields of each row but the header; those with commas inside (predicates) are not read here. */
const rows = (text: string) =>
  text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))
