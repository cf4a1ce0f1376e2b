import type { FileProblem } from '../../ts/data/problem.js'

/** The entries as lines `record,target,value`, sorted by target and record. */
export function entries({ matrix }: FileProblem): string[] {
  if (matrix.format === 'triples') {
    const order = [...matrix.rows.keys()].sort(
      (a, b) => matrix.columns[a]! - matrix.columns[b]! || matrix.rows[a]! - matrix.rows[b]!,
    )
    return order.map((e) => `${matrix.rows[e]},${matrix.columns[e]},${matrix.values[e]}`)
  }
  const lines: string[] = []
  for (let j = 0; j + 1 < matrix.columnStarts.length; j++) {
    for (let e = matrix.columnStarts[j]!; e < matrix.columnStarts[j + 1]!; e++) {
      lines.push(`${matrix.rowIndices[e]},${j},${matrix.values[e]}`)
    }
  }
  return lines
}
