// Load on `equipoise serve` as it is shipped, load generator on the same machine: requests a second at saturation, latency at a part of
// that, and memory over time. After `npm run setup`:
//
//   node bench/targets/server.mjs [seconds at saturation, default 30] [seconds at half the load, default 30] [connections, default 16]
//
// 600 in the second place is the run that shows that memory stays flat.

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load as generate } from './generator.mjs'
import { portfolio } from './portfolio.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const [saturated = 30, half = 30, connections = 16] = process.argv.slice(2).map(Number)
const names = 50
const wantedRate = 2000

/** The command as a user starts it; its log, a line for each run, goes nowhere. */
async function start() {
  const server = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'serve', '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const address = await new Promise((found, failed) => {
    server.stderr.on('data', (text) => {
      const match = /listens at (\S+?)[ ;]/.exec(String(text))
      if (match) found(match[1])
    })
    server.on('exit', (code) => failed(new Error(`the server ended with ${code}`)))
  })
  return { server, address }
}

/** Resident megabytes (Linux). */
function memory({ pid }) {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

async function load(address, server, duration, overallRate) {
  const samples = []
  const timer = setInterval(() => samples.push(memory(server)), 1000)
  const result = await generate({
    address,
    path: '/rebalance/simulate',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'bench' },
    body: JSON.stringify(portfolio(names)),
    connections,
    seconds: duration,
    ...(overallRate && { rate: overallRate }),
  })
  clearInterval(timer)
  const middle = samples.length >> 1
  return {
    rate: result.answered / result.duration,
    ...result,
    // V8 collects its whole heap from time to time: between collections memory climbs, so the highest values are compared.
    memoryBefore: Math.max(...samples.slice(0, middle)),
    memoryAfter: Math.max(...samples.slice(middle)),
  }
}

const { server, address } = await start()
try {
  await load(address, server, 3)
  const full = await load(address, server, saturated)
  const calm = await load(address, server, half, wantedRate / 2)
  const row = (what, run) =>
    `| ${[
      what,
      Math.round(run.duration),
      Math.round(run.rate),
      run.p50.toFixed(1),
      run.p97_5.toFixed(1),
      run.p99.toFixed(1),
      run.max.toFixed(1),
      run.refused,
      run.errors,
      `${run.memoryBefore.toFixed(0)} → ${run.memoryAfter.toFixed(0)}`,
    ].join(' | ')} |`
  const lines = [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model}), load before ${loadavg()[2]?.toFixed(1)}, Node ${process.version}; ${names} names, ${connections} connections, load generator on the same machine`,
    '',
    '| | seconds | requests a second | p50 ms | p97.5 ms | p99 ms | max ms | refused | errors | highest resident MB, first half → second |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    row('as fast as it goes', full),
    row(`${wantedRate / 2} a second`, calm),
    '',
    `p99 of each minute at ${wantedRate / 2} a second: ${calm.p99ByMinute.map((value) => value.toFixed(1)).join(', ')} ms`,
  ]
  const text = `${lines.join('\n')}\n`
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(join(here, 'results/server.md'), text)
  process.stdout.write(text)
} finally {
  server.kill('SIGTERM')
}
