// What is measured, in which sizes.

export const series = {
  facadeSparse: 'fromChunks, 5 % of the values not 0, in memory',
  facadeDense: 'fromChunks, every value not 0, on disk',
  commandMemory: 'equipoise reweight, national population, in memory',
  commandDisk: 'equipoise reweight, national population, on disk',
  commandDense: 'equipoise reweight, every value not 0, on disk',
}

export function plan(quick) {
  const largest = quick ? 100_000 : 5_000_000
  const records = quick ? [20_000, 50_000, 100_000] : [300_000, 1_000_000, 2_000_000, largest]
  const targets = quick ? [25, 50, 100] : [25, 50, 100, 200]
  const fixed = { records: quick ? 50_000 : 300_000, targets: 100 }
  const sizes = [
    ...records.map((n) => ({ records: n, targets: fixed.targets })),
    ...targets.filter((k) => k !== fixed.targets).map((k) => ({ records: fixed.records, targets: k })),
  ]
  const national = sizes.flatMap((size) => [
    { series: 'commandMemory', ...size, storage: 'memory' },
    { series: 'commandDisk', ...size, storage: 'disk' },
  ])
  return {
    fixed,
    cases: [
      ...sizes.map((size) => ({ series: 'facadeSparse', ...size, density: 0.05, storage: 'memory' })),
      ...sizes.map((size) => ({ series: 'facadeDense', ...size, density: 1, storage: 'disk' })),
      ...national,
      { series: 'commandDense', records: largest, targets: fixed.targets, density: 1, storage: 'disk' },
    ],
  }
}
