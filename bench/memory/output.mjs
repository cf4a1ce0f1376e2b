// Rows as a Markdown table, as CSV and as a figure.
import { svgOf } from '../figure.mjs'
import { series } from './plan.mjs'

const colours = ['#6fb98f', '#0b6e4f', '#edae49', '#d1495b', '#5c677d']
const limitGiB = 4

const solveOf = (row, form) => row.solves.find((solve) => solve.form === form)

const columns = {
  series: (r) => r.series,
  records: (r) => r.records,
  targets: (r) => r.targets,
  nonzeros: (r) => r.nonzeros,
  storage: (r) => r.storage,
  read_seconds: (r) => r.readSeconds,
  peak_mib: (r) => r.peakMiB,
  ...Object.fromEntries(
    ['penalty', 'bands'].flatMap((form) =>
      ['seconds', 'iterations', 'status', 'distanceBound', 'digest'].map((field) => [
        `${form}_${field}`,
        (r) => solveOf(r, form)?.[field],
      ]),
    ),
  ),
}

export function toCsv(rows) {
  const lines = [
    Object.keys(columns),
    ...rows.map((row) => Object.values(columns).map((of) => of(row) ?? '')),
  ]
  return lines.map((line) => `${line.join(',')}\n`).join('')
}

export function markdownTable(rows) {
  const head = ['what', 'records × targets', 'non-zeros', 'read s', 'penalty s', 'bands s', 'outcome']
  const lines = rows.map((r) => [
    series[r.series],
    `${r.records.toLocaleString('en-US')} × ${r.targets}`,
    r.nonzeros.toLocaleString('en-US'),
    r.readSeconds.toFixed(1),
    ...['penalty', 'bands'].map((form) => solveOf(r, form)?.seconds.toFixed(1) ?? ''),
    r.solves.map((s) => `${s.status}, ${s.distanceBound.toExponential(1)}`).join('; '),
    r.peakMiB.toFixed(0),
  ])
  const all = [[...head, 'peak MiB'], head.concat('').map(() => '---'), ...lines]
  return all.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** Peak memory against records and against targets, both axes logarithmic. */
export async function growthFigure(rows, fixed) {
  const figure = {
    hconcat: [
      panel(
        rows.filter((r) => r.targets === fixed.targets),
        'records',
        `${fixed.targets} targets`,
      ),
      panel(
        rows.filter((r) => r.records === fixed.records),
        'targets',
        `${fixed.records.toLocaleString('en-US')} records`,
      ),
    ],
  }
  return svgOf(figure, { legend: { columns: 1 } })
}

function panel(rows, size, title) {
  const values = rows.map((r) => ({ [size]: r[size], peak: r.peakMiB / 1024, series: series[r.series] }))
  const x = {
    field: size,
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    axis: { values: [...new Set(values.map((v) => v[size]))], format: ',d', labelAngle: -45 },
  }
  const y = {
    field: 'peak',
    type: 'quantitative',
    scale: { type: 'log', domain: [0.1, 8] },
    axis: { values: [0.1, 0.25, 0.5, 1, 2, 4, 8], format: '~g' },
    title: 'GiB',
  }
  const color = { field: 'series', scale: { domain: Object.values(series), range: colours }, title: null }
  return {
    title: `Peak resident memory of the process, ${title}`,
    width: 320,
    height: 280,
    layer: [
      { data: { values }, mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color } },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: { x, y, color },
      },
      { data: { values: [{ peak: limitGiB }] }, mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { y } },
    ],
  }
}
