import { basename } from 'node:path'
import { areaAlone } from '../areas/alone.js'
import { readAreasProblem } from '../areas/problem.js'
import { type AreaDefinition, isRefused } from '../areas/resolve.js'
import type { FileProblem, ProblemSource } from '../data/problem.js'
import { InputError } from '../errors.js'

/** The problem of one area, as the files state it now. */
export interface StatedArea {
  problem: FileProblem
  definition: AreaDefinition
}

/**
 * Reads an area's problem from the areas file, so that its totals and limits come from there and not from the certificate.
 * `stated` is the certificate's definition of the area.
 */
export async function readArea(
  areasFile: string,
  source: ProblemSource,
  stated: AreaDefinition,
): Promise<StatedArea> {
  const { readAreasFile } = await import('../areas/file.js')
  const { areas, shared } = await readAreasProblem({
    data: source,
    path: areasFile,
    file: await readAreasFile(areasFile),
    options: { bounds: stated.bounds, dropImpossible: source.dropImpossible ?? false },
  })
  const area = areas.find((candidate) =>
    isRefused(candidate) ? candidate.key === stated.key : candidate.definition.key === stated.key,
  )
  if (area === undefined) {
    throw new InputError('out_of_range', {
      path: '--areas',
      expected: `a file with the area ${stated.key}`,
      received: basename(areasFile),
    })
  }
  if (isRefused(area)) throw area.fault
  return { problem: areaAlone(shared, area), definition: area.definition }
}
