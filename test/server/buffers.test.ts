import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningServer, serve } from '../../ts/server/index.js'
import { simulate } from '../../ts/targets/index.js'
import { request } from './request.js'

/** A portfolio of so many names, each of the value 100. */
function portfolio(names: number, id: string) {
  const body = request()
  const ids = Array.from({ length: names }, (_, i) => `${id}_${i}`)
  body.portfolio_snapshot.portfolio_id = id
  body.portfolio_snapshot.positions = ids.map((instrument_id) => ({ instrument_id, quantity: '1' }))
  body.market_data_snapshot.prices = ids.map((instrument_id) => ({
    instrument_id,
    price: '100',
    currency: 'USD',
  }))
  const weight = (0.9 / names).toFixed(6)
  body.model_portfolio.targets = ids.map((instrument_id) => ({ instrument_id, weight }))
  body.shelf_entries = ids.map((instrument_id) => ({
    instrument_id,
    status: 'APPROVED',
    asset_class: 'EQUITY',
    attributes: { sector: 'TECH' },
  }))
  return body
}

describe('results in buffers that are used again', () => {
  let server: RunningServer | undefined
  afterEach(() => server?.close())

  const start = async () => {
    server = await serve({ port: 0, logLevel: 'silent' })
    return server.address
  }
  const post = async (address: string, body: object) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'key' }
    const url = `${address}/rebalance/simulate`
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.text()
  }
  const expected = (body: object) => simulate(body as never, { idempotencyKey: 'key' })

  it('are each request’s own, also those longer than a buffer', async () => {
    const address = await start()
    const sizes = [1, 3, 200, 8, 20]
    const bodies = Array.from({ length: 40 }, (_, k) => portfolio(sizes[k % sizes.length] as number, `P${k}`))
    const results = await Promise.all(bodies.map((body) => post(address, body)))
    const longest = Math.max(...results.map((text) => text.length))
    expect(longest).toBeGreaterThan(1 << 17)
    for (const [k, body] of bodies.entries()) {
      expect(JSON.parse(results[k] as string)).toEqual(expected(body))
    }
  })

  it('stay as they are until a client that reads slowly has them, whatever others ask or break off', async () => {
    const address = await start()
    const { hostname, port } = new URL(address)
    const body = JSON.stringify(portfolio(60, 'SLOW'))
    const head = [
      'POST /rebalance/simulate HTTP/1.1',
      `host: ${hostname}`,
      'content-type: application/json',
      'idempotency-key: key',
      `content-length: ${Buffer.byteLength(body)}`,
    ]
    const one = `${head.join('\r\n')}\r\n\r\n${body}`
    const last = one.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')
    // Many requests at once on a socket that nobody reads: their responses wait in the server.
    const waiting = 60
    const slow = connect(Number(port), hostname)
    slow.pause()
    slow.write(one.repeat(waiting - 1) + last)
    const broken = connect(Number(port), hostname)
    broken.write(one.repeat(5))
    broken.once('data', () => broken.destroy())
    for (let k = 0; k < 30; k++) await post(address, portfolio(60, `OTHER${k}`))

    let text = ''
    const result = JSON.stringify(expected(JSON.parse(body)))
    await new Promise((done) => {
      slow.on('data', (chunk) => {
        text += chunk
      })
      slow.on('end', done)
      slow.resume()
    })
    const results = text.split(/HTTP\/1\.1 200 OK[^{]*\r\n\r\n/).slice(1)
    expect(results).toHaveLength(waiting)
    for (const own of results) expect(JSON.stringify(JSON.parse(own))).toBe(result)
  })
})
