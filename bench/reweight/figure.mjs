// The growth curve as an SVG: time against records and against targets, both axes logarithmic.
import { svgOf } from '../figure.mjs'
import { labels } from './plan.mjs'

const colours = ['#0b6e4f', '#6fb98f', '#d1495b', '#edae49', '#5c677d']

/** @param axes what is held fixed: the number of targets on the left, of records on the right. */
export async function growthFigure(rows, axes) {
  const figure = {
    hconcat: [
      panel(across(rows, 'targets', axes.targets), 'records', `${axes.targets} targets`),
      panel(
        across(rows, 'records', axes.records),
        'targets',
        `${axes.records.toLocaleString('en-US')} records`,
      ),
    ],
  }
  return svgOf(figure)
}

const across = (rows, fixed, value) => rows.filter((r) => r[fixed] === value)

function panel(rows, size, title) {
  const values = rows.map((r) => ({
    [size]: r[size],
    seconds: r.seconds,
    solver: r.label,
    end: r.timeLimit ? 'stopped at its time limit' : 'ended by itself',
  }))
  const x = {
    field: size,
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    axis: { values: [...new Set(values.map((v) => v[size]))], format: ',d', labelAngle: -45 },
  }
  const y = {
    field: 'seconds',
    type: 'quantitative',
    scale: { type: 'log', domain: [1e-4, 1e3] },
    axis: { values: [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000], format: '~g' },
  }
  const color = { field: 'solver', scale: { domain: labels, range: colours }, title: null }
  const shape = {
    field: 'end',
    scale: { domain: ['ended by itself', 'stopped at its time limit'], range: ['circle', 'triangle-up'] },
    title: null,
  }
  return {
    title: `Seconds to solve, ${title}, penalty 1e-2`,
    width: 320,
    height: 280,
    data: { values },
    layer: [
      { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color } },
      { mark: { type: 'point', filled: true, size: 60, opacity: 1 }, encoding: { x, y, color, shape } },
    ],
  }
}
