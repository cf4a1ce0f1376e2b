import type { FastifyInstance, FastifyRequest } from 'fastify'
import { InputError } from '../errors.js'
import type { RebalanceRun } from '../native/binding.cjs'
import type { RequestIdentity } from '../targets/request-types.js'
import type { Metrics } from './metrics.js'
import type { ServerOptions } from './options.js'
import { Runs, TooManyRuns } from './runs.js'
import { openApiOperation } from './schemas.js'

/** What a header may hold: it comes back in the result, in a header and in the log. */
const IDENTITY = /^[\x21-\x7e]{1,200}$/

const STATUS = /"status":"(READY|PENDING_REVIEW|BLOCKED)"/
const RUN_ID = /"(?:rebalance|batch)_run_id":"([a-z0-9_]+)"/
/** Both stand within that many bytes from the start, whatever the headers hold. */
const HEAD = 2048

/** The three runs. Bodies go to the engine as they came, and its result comes back as it is: nothing is parsed in between. */
export function addRebalanceRoutes(
  app: FastifyInstance,
  { logHoldings, maxRuns }: Pick<ServerOptions, 'logHoldings' | 'maxRuns'>,
  metrics: Metrics,
): void {
  const runs = new Runs(maxRuns)
  const add = (path: string, run: RebalanceRun, needsKey: boolean) =>
    app.post<{ Body: Buffer }>(path, { schema: openApiOperation(path) }, async (request, reply) => {
      const identity = identityOf(request, needsKey)
      if (identity.correlationId !== undefined) reply.header('x-correlation-id', identity.correlationId)
      if (logHoldings) request.log.info({ body: request.body?.toString() }, 'request body')
      const { bytes, release } = await runs.of(run, request.body, identity).catch((error) => {
        if (error instanceof TooManyRuns) reply.header('retry-after', '1')
        throw error
      })
      // Once all bytes are the system's. The buffer of a response that is broken off is left to V8.
      reply.raw.once('finish', release)
      note(request, bytes.toString('latin1', 0, HEAD), metrics)
      return reply.type('application/json; charset=utf-8').send(bytes)
    })
  add('/rebalance/simulate', 'simulate', true)
  add('/rebalance/targets', 'targets', false)
  add('/rebalance/analyze', 'analyze', false)
}

function identityOf({ headers }: FastifyRequest, needsKey: boolean): RequestIdentity {
  const idempotencyKey = header(headers['idempotency-key'], 'Idempotency-Key')
  const correlationId = header(headers['x-correlation-id'], 'X-Correlation-Id')
  if (idempotencyKey === undefined && needsKey) {
    throw new InputError('missing_value', {
      path: 'header.Idempotency-Key',
      expected: 'a key that the caller chooses for this request',
      received: 'nothing',
    })
  }
  return {
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(correlationId !== undefined && { correlationId }),
  }
}

function header(value: string | string[] | undefined, name: string): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && IDENTITY.test(value)) return value
  throw new InputError('out_of_range', {
    path: `header.${name}`,
    expected: '1 to 200 printable ASCII characters without spaces',
    received: `${String(value).length} characters`,
  })
}

/** One line a run, without anything that the client owns. */
function note(request: FastifyRequest, head: string, metrics: Metrics) {
  const status = STATUS.exec(head)?.[1]
  const run = RUN_ID.exec(head)?.[1]
  if (status === undefined) return
  metrics.runs.inc({ status })
  if (status === 'BLOCKED') request.log.warn({ run }, 'Run blocked')
  else request.log.info({ run, status }, 'Run done')
}
