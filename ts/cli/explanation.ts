import type { FileProblem } from '../data/problem.js'
import { targetLabel } from '../data/targets.js'
import type { Explanation } from '../index.js'
import type { DocumentExplanation } from '../reweight/infeasibility-document.js'
import { figure } from './certificate.js'

/** An explanation with targets by name and records by id; null if it found nothing. */
export function explanationDocument(
  { targets, records }: FileProblem,
  explanation: Explanation,
): DocumentExplanation | null {
  const { minimalSets, allSets, removal, relaxations } = explanation
  if (minimalSets.length === 0 && relaxations.length === 0) return null
  const nameOf = (target: number) => targetLabel(targets[target]!)
  return {
    minimalSets: minimalSets.map((set) => ({
      sentence: set.sentence,
      members: set.members.map(({ target, side, edge, factor }) => ({
        name: nameOf(target),
        side,
        edge: figure(edge),
        factor: figure(factor),
      })),
      required: figure(set.required),
      attainable: figure(set.attainable),
      gap: figure(set.gap),
      numAtLower: set.numAtLower,
      numAtUpper: set.numAtUpper,
      records: set.records.map(({ record, side, bound, pressure }) => ({
        id: records.ids[record]!,
        side,
        bound: figure(bound),
        pressure: figure(pressure),
      })),
      minimal: set.minimal,
    })),
    allSets,
    removal: removal?.map(nameOf) ?? null,
    relaxations: relaxations.map(({ sentence, kind, set, changes, cost, costAtLeast }) => ({
      sentence,
      kind,
      set,
      changes: changes.map(({ target, side, from, to, fraction }) => ({
        name: nameOf(target),
        side,
        from: figure(from),
        to: figure(to),
        fraction: figure(fraction),
      })),
      cost: figure(cost),
      costAtLeast: figure(costAtLeast),
    })),
  }
}
