import { request as httpRequest } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { InputError } from '../../ts/errors.js'
import { createServer, type ServerOptions, serve } from '../../ts/server/index.js'
import { impossible, request } from './request.js'

let app: FastifyInstance | undefined
afterEach(() => app?.close())

const start = async (options: Partial<ServerOptions> = {}) => {
  app = await createServer({ logLevel: 'silent', ...options })
  return app
}

const post = (server: FastifyInstance, url: string, payload: unknown, headers: Record<string, string> = {}) =>
  server.inject({
    method: 'POST',
    url,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1', ...headers },
  })

describe('a run', () => {
  it('is simulated, with the key and the correlation id echoed', async () => {
    const server = await start()
    const response = await post(server, '/rebalance/simulate', request(), { 'x-correlation-id': 'corr-7' })
    const result = response.json()
    expect(response.statusCode).toBe(200)
    expect(response.headers['x-correlation-id']).toBe('corr-7')
    expect(result.lineage.request_hash).toBe('key-1')
    expect(result.correlation_id).toBe('corr-7')
    expect(['READY', 'PENDING_REVIEW']).toContain(result.status)
    expect(
      Number(result.target.targets[0].final_weight) + Number(result.target.targets[1].final_weight),
    ).toBeCloseTo(0.4)
  })

  it('gives the same bytes for the same request, whatever ran before', async () => {
    const server = await start()
    const first = await post(server, '/rebalance/simulate', request())
    await post(server, '/rebalance/simulate', impossible())
    await post(server, '/rebalance/simulate', '{"portfolio_snapshot": ')
    const again = await post(server, '/rebalance/simulate', request())
    expect(again.body).toBe(first.body)
  })

  it('gives targets alone without a key, and scenarios side by side', async () => {
    const server = await start()
    const targets = await server.inject({
      method: 'POST',
      url: '/rebalance/targets',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(request()),
    })
    expect(targets.statusCode).toBe(200)
    expect(targets.json().intents).toBeUndefined()
    const { options, ...snapshot } = request()
    const scenarios = { base: { options }, free: { options: {} } }
    const analysis = await post(server, '/rebalance/analyze', { ...snapshot, scenarios })
    expect(Object.keys(analysis.json().results)).toEqual(['base', 'free'])
  })

  it('that is impossible is an answer with a reason', async () => {
    const server = await start()
    const response = await post(server, '/rebalance/simulate', impossible())
    expect(response.statusCode).toBe(200)
    expect(response.json().status).toBe('BLOCKED')
    expect(response.json().diagnostics.infeasibility.conflict.length).toBeGreaterThan(1)
  })
})

describe('a wrong request', () => {
  it.each([
    ['broken JSON', 400, '{"options": ', 'body', 'format'],
    ['no object', 422, '[]', 'body', 'wrong_type'],
    ['an unknown option', 422, request({ colour: 1 }), 'options.colour', 'unknown_option'],
    ['a group key', 422, request({ group_constraints: { bad_key: {} } }), undefined, 'out_of_range'],
    [
      'a cap above 1',
      422,
      request({ single_position_max_weight: '1.5' }),
      'options.single_position_max_weight',
      'out_of_range',
    ],
    ['NaN', 422, request({ cash_band_min_weight: 'NaN' }), 'options.cash_band_min_weight', 'not_finite'],
  ])('%s is refused with its place', async (_what, status, payload, path, code) => {
    const server = await start()
    const response = await post(server, '/rebalance/simulate', payload)
    expect(response.statusCode).toBe(status)
    const [fault] = response.json().detail
    expect(fault.code).toBe(code)
    if (path !== undefined) expect(fault.path).toBe(path)
    expect(response.body).not.toMatch(/ at .*\.(js|ts|rs):/)
  })

  it('has no key, a strange key, a strange type, or is too large', async () => {
    const server = await start({ bodyLimit: 2000 })
    const send = (headers: Record<string, string>, payload = JSON.stringify({ a: 1 })) =>
      server.inject({ method: 'POST', url: '/rebalance/simulate', headers, payload })
    const json = { 'content-type': 'application/json' }
    const missing = await send(json)
    expect(missing.statusCode).toBe(422)
    expect(missing.json().detail[0]).toMatchObject({ path: 'header.Idempotency-Key', code: 'missing_value' })
    expect((await send({ ...json, 'idempotency-key': 'a b' })).statusCode).toBe(422)
    expect((await send({ 'content-type': 'text/plain', 'idempotency-key': 'k' })).statusCode).toBe(415)
    expect((await send({ ...json, 'idempotency-key': 'k' }, 'x'.repeat(3000))).statusCode).toBe(413)
    expect((await server.inject({ method: 'GET', url: '/nowhere' })).statusCode).toBe(404)
  })
})

describe('the server', () => {
  it('asks for the token where there is one, but not for its health', async () => {
    const server = await start({ token: 'a-token-of-some-length' })
    expect((await post(server, '/rebalance/simulate', request())).statusCode).toBe(401)
    const wrong = await post(server, '/rebalance/simulate', request(), {
      authorization: 'Bearer a-token-of-some-lengtH',
    })
    expect(wrong.statusCode).toBe(401)
    const right = await post(server, '/rebalance/simulate', request(), {
      authorization: 'Bearer a-token-of-some-length',
    })
    expect(right.statusCode).toBe(200)
    expect((await server.inject('/metrics')).statusCode).toBe(401)
    expect((await server.inject('/health')).json().status).toBe('ok')
  })

  it('counts runs and requests for Prometheus', async () => {
    const server = await start()
    await post(server, '/rebalance/simulate', request())
    await post(server, '/rebalance/simulate', impossible())
    const { body, headers } = await server.inject('/metrics')
    expect(headers['content-type']).toMatch(/^text\/plain/)
    expect(body).toMatch(/equipoise_rebalance_runs_total\{status="BLOCKED"\} 1/)
    expect(body).toMatch(/equipoise_http_requests_total\{route="\/rebalance\/simulate",code="200"\} 2/)
  })

  it('refuses more requests than it was told to take', async () => {
    const server = await start({ rateLimitPerMinute: 2 })
    const codes = []
    for (let i = 0; i < 3; i++) codes.push((await post(server, '/rebalance/simulate', request())).statusCode)
    expect(codes).toEqual([200, 200, 429])
  })

  it('refuses more runs at a time than it was told to take, and takes the next', async () => {
    const server = await start({ maxRuns: 1 })
    const together = Array.from({ length: 20 }, () => post(server, '/rebalance/simulate', request()))
    const responses = await Promise.all(together)
    const refused = responses.filter(({ statusCode }) => statusCode === 503)
    expect(responses.filter(({ statusCode }) => statusCode === 200).length).toBe(20 - refused.length)
    expect(refused[0]?.headers['retry-after']).toBe('1')
    expect(refused[0]?.json().message).toBe('the server is busy; try again later')
    expect((await post(server, '/rebalance/simulate', request())).statusCode).toBe(200)
  })

  it('answers many runs at a time with the bytes of each alone', async () => {
    const server = await start()
    const bodies = [request(), impossible(), request({ target_method: 'HEURISTIC' })]
    const alone: string[] = []
    for (const body of bodies) alone.push((await post(server, '/rebalance/simulate', body)).body)
    const many = Array.from({ length: 24 }, (_, k) => post(server, '/rebalance/simulate', bodies[k % 3]))
    const together = await Promise.all(many)
    expect(together.map(({ body }) => body)).toEqual(together.map((_, k) => alone[k % 3]))
  })

  it('describes itself', async () => {
    const server = await start()
    const document = (await server.inject('/openapi.json')).json()
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual([
      '/rebalance/simulate',
      '/rebalance/targets',
      '/rebalance/analyze',
      '/health',
      '/metrics',
    ])
  })

  it('listens at the loopback address and answers what is under way before it ends', async () => {
    const server = await serve({ port: 0, logLevel: 'silent' })
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:/)
    const answer = new Promise<number | undefined>((finish, fail) => {
      const body = JSON.stringify(request())
      const sent = httpRequest(
        `${server.address}/rebalance/simulate`,
        { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': 'k' } },
        (response) => {
          response.resume()
          finish(response.statusCode)
        },
      )
      sent.on('error', fail)
      // Half of it now, half when the server is closing.
      sent.write(body.slice(0, 100))
      setTimeout(() => {
        void server.close()
        sent.end(body.slice(100))
      }, 100)
    })
    expect(await answer).toBe(200)
  })

  it.each([
    [{ port: -1 }, 'port'],
    [{ bodyLimit: 0 }, 'bodyLimit'],
    [{ token: 'short' }, 'token'],
    [{ requestTimeoutSeconds: 0 }, 'requestTimeoutSeconds'],
    [{ maxRuns: 0 }, 'maxRuns'],
    [{ colour: 1 } as Partial<ServerOptions>, 'colour'],
  ])('refuses %o', async (options, path) => {
    const error = await createServer(options).catch((caught) => caught)
    expect(error).toBeInstanceOf(InputError)
    expect(error.path).toBe(path)
  })
})
