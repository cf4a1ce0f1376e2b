import type { FileProblem } from '../data/problem.js'
import { type Target, targetLabel, targetPath } from '../data/targets.js'
import { InputError } from '../errors.js'
import { ReweightProblem } from '../index.js'

/** The problem as the solver takes it; its complaints name the targets by their rows in the file. */
export function nativeProblem(
  { matrix, records, targets }: FileProblem,
  bounds: readonly [number, number],
): ReweightProblem {
  try {
    return new ReweightProblem({
      matrix,
      designWeights: records.designWeights,
      targets: targets.map((target) => ({
        name: targetLabel(target),
        total: target.total,
        ...(target.scale === null ? {} : { scale: target.scale }),
      })),
      bounds,
    })
  } catch (error) {
    throw inTermsOfFile(error, targets)
  }
}

function inTermsOfFile(error: unknown, targets: readonly Target[]): unknown {
  if (!(error instanceof InputError)) return error
  const [, position, field = 'total'] = /^targets\[(\d+)\](?:\.(\w+))?/.exec(error.path) ?? []
  const target = targets[Number(position)]
  if (target === undefined) return error
  const { code, expected, received } = error
  return new InputError(code, { path: targetPath(target, field), expected, received, cause: error })
}
