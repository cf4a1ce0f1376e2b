import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { InputError } from '../errors.js'
import { analyzeText, simulateText, targetsText } from '../targets/index.js'
import type { RequestIdentity } from '../targets/request-types.js'
import type { Metrics } from './metrics.js'
import type { ServerOptions } from './options.js'
import { openApiOperation } from './schemas.js'

type Run = (body: string, identity: RequestIdentity) => string

/** What a header may hold: it comes back in the result, in a header and in the log. */
const IDENTITY = /^[\x21-\x7e]{1,200}$/

const STATUS = /"status":"(READY|PENDING_REVIEW|BLOCKED)"/
const RUN_ID = /"(?:rebalance|batch)_run_id":"([a-z0-9_]+)"/

/** The three runs. Bodies go to the engine as they came, and its result comes back as it is: nothing is parsed in between. */
export function addRebalanceRoutes(
  app: FastifyInstance,
  { logHoldings }: Pick<ServerOptions, 'logHoldings'>,
  metrics: Metrics,
): void {
  const add = (path: string, run: Run, needsKey: boolean) =>
    app.post<{ Body: string }>(path, { schema: openApiOperation(path) }, (request, reply) => {
      const identity = identityOf(request, needsKey)
      if (identity.correlationId !== undefined) reply.header('x-correlation-id', identity.correlationId)
      if (logHoldings) request.log.info({ body: request.body }, 'request body')
      const result = run(request.body, identity)
      note(request, result, metrics)
      return send(reply, result)
    })
  add('/rebalance/simulate', simulateText, true)
  add('/rebalance/targets', targetsText, false)
  add('/rebalance/analyze', analyzeText, false)
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
function note(request: FastifyRequest, result: string, metrics: Metrics) {
  const status = STATUS.exec(result)?.[1]
  const run = RUN_ID.exec(result)?.[1]
  if (status === undefined) return
  metrics.runs.inc({ status })
  if (status === 'BLOCKED') request.log.warn({ run }, 'Run blocked')
  else request.log.info({ run, status }, 'Run done')
}

function send(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json)
}
