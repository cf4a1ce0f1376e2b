import bearerAuth from '@fastify/bearer-auth'
import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import fastify, { type FastifyInstance, LogController } from 'fastify'
import { version } from '../index.js'
import { Metrics } from './metrics.js'
import { type ServerOptions, serverOptions } from './options.js'
import { addPage } from './page.js'
import { refuse, refuseError } from './problem.js'
import { addRebalanceRoutes } from './rebalance.js'
import { openApiDocument } from './schemas.js'

/** The server, not listening yet. */
export async function createServer(changes: Partial<ServerOptions> = {}): Promise<FastifyInstance> {
  const options = serverOptions(changes)
  const metrics = new Metrics()
  const app = fastify({
    logger:
      options.logLevel === 'silent'
        ? false
        : { level: options.logLevel, serializers: { req: requestLine, res: responseLine } },
    bodyLimit: options.bodyLimit,
    requestTimeout: options.requestTimeoutSeconds * 1000,
    connectionTimeout: options.requestTimeoutSeconds * 1000,
    forceCloseConnections: 'idle',
    // Two loggers of every request: ours says what matters of a run.
    logController: new LogController({ disableRequestLogging: options.logLevel !== 'debug' }),
  })
  app.setErrorHandler((error, _request, reply) => refuseError(reply, error))
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is no such address'))
  // The engine reads JSON itself, with the place of every fault.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  // The engine validates; the schemas of the routes describe it.
  app.setValidatorCompiler(() => () => true)

  measure(app, metrics)
  await app.register(underPressure, {
    maxEventLoopDelay: options.maxEventLoopDelayMs,
    message: 'the server is busy; try again later',
    retryAfter: 1,
    exposeStatusRoute: false,
  })
  if (options.rateLimitPerMinute > 0) {
    await app.register(rateLimit, { max: options.rateLimitPerMinute, timeWindow: '1 minute' })
  }
  app.get('/health', () => ({ status: 'ok', version: version() }))
  app.get('/openapi.json', () => openApiDocument(version()))
  addPage(app)
  await app.register(async (guarded) => {
    if (options.token !== undefined) {
      // Compares in constant time.
      await guarded.register(bearerAuth, {
        keys: new Set([options.token]),
        errorResponse: () => ({
          error: 'unauthorized',
          status: 401,
          message: 'a bearer token is needed',
          detail: [],
        }),
      })
    }
    guarded.get('/metrics', async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.text()),
    )
    addRebalanceRoutes(guarded, options, metrics)
  })
  return app
}

function measure(app: FastifyInstance, metrics: Metrics) {
  app.addHook('onRequest', (_request, _reply, next) => {
    metrics.underWay.inc()
    next()
  })
  app.addHook('onResponse', (request, reply, next) => {
    // The pattern of the route: addresses that somebody tried would be labels without end.
    const route = request.routeOptions.url ?? 'none'
    metrics.underWay.dec()
    metrics.requests.inc({ route, code: reply.statusCode })
    metrics.seconds.observe({ route }, reply.elapsedTime / 1000)
    next()
  })
  app.addHook('onClose', async () => metrics.close())
}

const requestLine = (request: { method: string; url: string }) => ({
  method: request.method,
  // Without what follows the path.
  path: request.url.split('?', 1)[0],
})

const responseLine = (reply: { statusCode: number }) => ({ statusCode: reply.statusCode })
