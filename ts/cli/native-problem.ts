import type { FileProblem, ProblemColumns } from '../data/problem.js'
import { targetLabel, targetPath } from '../data/targets.js'
import { InputError } from '../errors.js'
import { ReweightProblem } from '../index.js'

/** The problem as the solver takes it; its complaints name the targets by their rows in the file. */
export function nativeProblem(problem: FileProblem, bounds: readonly [number, number]): ReweightProblem {
  const { matrix, records, targets } = problem
  const names = solverNames(problem)
  try {
    return new ReweightProblem({
      matrix,
      designWeights: records.designWeights,
      targets: targets.map((target, j) => ({
        name: names[j]!,
        total: target.total,
        ...(target.scale === null ? {} : { scale: target.scale }),
      })),
      bounds: [bounds[0], problem.caps ?? bounds[1]],
    })
  } catch (error) {
    throw inTermsOfFiles(error, problem)
  }
}

/** What the solver, and patterns, call the targets: by name alone where all are of one area. */
export function solverNames({ targets }: FileProblem): string[] {
  const isOneArea = targets.every(({ area }) => area === targets[0]?.area)
  return targets.map((target) => (isOneArea ? target.name : targetLabel(target)))
}

/** The columns by the names that the solver has for them. */
const columnsOfTargets: Record<string, keyof ProblemColumns> = { costs: 'cost', importance: 'importance' }
const columnsOfRecords: Record<string, keyof ProblemColumns> = {
  distanceWeights: 'distanceWeight',
  qWeights: 'qWeight',
}

/** A complaint of the solver by what the user wrote: rows and columns of files, options of the command line. */
export function inTermsOfFiles(
  error: unknown,
  { records, targets }: FileProblem,
  settings: object = {},
): unknown {
  if (!(error instanceof InputError)) return error
  const path = placeInFiles(error.path)
  if (path === null) return error
  const { code, expected, received } = error
  return new InputError(code, { path, expected, received, cause: error })

  function placeInFiles(place: string): string | null {
    const [, list = '', index, field] = /^(\w+)\[(\d+)\](?:\.(\w+))?/.exec(place) ?? []
    const columns = (settings as { columns?: ProblemColumns }).columns ?? {}
    const target = targets[Number(index)]
    if (list === 'targets' && target) return targetPath(target, field ?? 'total')
    if (list in columnsOfTargets && target) return targetPath(target, columns[columnsOfTargets[list]!]!)
    if (list in columnsOfRecords) {
      const id = records.ids[Number(index)]
      return `records (${records.idColumn}=${id}).${columns[columnsOfRecords[list]!]}`
    }
    if (list === 'overrides') return `--band-override ${Number(index) + 1}: ${field ?? ''}`
    return optionOf(place)
  }
}

/** A complaint of the solver about an option, by the option's name on the command line. */
export function inTermsOfOptions(error: unknown): unknown {
  const path = error instanceof InputError ? optionOf(error.path) : null
  if (!(error instanceof InputError) || path === null) return error
  const { code, expected, received } = error
  return new InputError(code, { path, expected, received, cause: error })
}

const optionOf = (place: string): string | null => optionNames[/^\w+/.exec(place)?.[0] ?? ''] ?? null

const optionNames: Record<string, string> = {
  band: '--band',
  weight: '--elastic',
  zeroTolerance: '--zero-tolerance',
  tolerance: '--tolerance',
  distance: '--alpha',
  alpha: '--alpha',
  penalty: '--penalty',
  timeLimitSeconds: '--time-limit',
  bounds: '--bounds',
}
