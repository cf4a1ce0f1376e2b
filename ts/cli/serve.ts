import { type Command, Option } from 'commander'
import { InputError } from '../errors.js'
import { type ServerOptions, serverDefaults } from '../server/options.js'
import { parseCount, parseNumber } from './arguments.js'
import { type ExitCode, exitCode } from './exit-codes.js'

interface ServeOptions {
  host: string
  port: number
  tokenEnv: string
  bodyLimit: number
  requestTimeout: number
  rateLimit: number
  maxLag: number
  maxRuns: number
  logLevel: ServerOptions['logLevel']
  logHoldings?: boolean
}

export function addServe(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('serve')
    .description(
      'The rebalance server: POST /rebalance/simulate, /rebalance/targets, /rebalance/analyze, and a page to try it',
    )
  const options = [
    new Option(
      '--host <address>',
      'address to listen at; the default is reached from this machine only',
    ).default(serverDefaults.host),
    new Option('--port <number>', 'port; 0 takes a free one')
      .argParser(parseNumber)
      .default(serverDefaults.port),
    new Option(
      '--token-env <name>',
      'environment variable with the bearer token that clients must send; none is asked for if it is not set',
    ).default('EQUIPOISE_TOKEN'),
    new Option('--body-limit <bytes>', 'largest body')
      .argParser(parseCount)
      .default(serverDefaults.bodyLimit),
    new Option('--request-timeout <seconds>', 'time that a client may take to send a request')
      .argParser(parseNumber)
      .default(serverDefaults.requestTimeoutSeconds),
    new Option('--rate-limit <number>', 'requests of one address in a minute; 0 is no limit')
      .argParser(parseNumber)
      .default(serverDefaults.rateLimitPerMinute),
    new Option('--max-lag <milliseconds>', 'lag of the event loop at which requests get 503')
      .argParser(parseNumber)
      .default(serverDefaults.maxEventLoopDelayMs),
    new Option('--max-runs <number>', 'runs under way at a time; more get 503')
      .argParser(parseCount)
      .default(serverDefaults.maxRuns),
    new Option('--log-level <level>', 'what goes to standard output, as JSON lines')
      .choices(['debug', 'info', 'warn', 'error', 'silent'])
      .default(serverDefaults.logLevel),
    new Option('--log-holdings', 'write request bodies, which hold what clients own, into the log'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Example:
  $ EQUIPOISE_TOKEN=... equipoise serve --port 8080
  $ curl -s http://127.0.0.1:8080/rebalance/simulate -H 'authorization: Bearer ...' \\
      -H 'content-type: application/json' -H 'idempotency-key: run-1' --data @request.json

SIGINT or SIGTERM ends it after the requests under way.`,
  )
  command.action(async (given: ServeOptions) => done(await runServe(given)))
}

async function runServe(given: ServeOptions): Promise<ExitCode> {
  const token = process.env[given.tokenEnv]
  const server = await listening({
    host: given.host,
    port: given.port,
    ...(token !== undefined && token !== '' && { token }),
    bodyLimit: given.bodyLimit,
    requestTimeoutSeconds: given.requestTimeout,
    rateLimitPerMinute: given.rateLimit,
    maxEventLoopDelayMs: given.maxLag,
    maxRuns: given.maxRuns,
    logLevel: given.logLevel,
    logHoldings: given.logHoldings ?? false,
  })
  process.stderr.write(
    `equipoise listens at ${server.address}${token ? '' : ' (no token is asked for)'}; Ctrl-C ends it\n`,
  )
  await new Promise<void>((finish) => {
    process.once('SIGINT', finish)
    process.once('SIGTERM', finish)
  })
  await server.close()
  return exitCode.success
}

/** An address that cannot be used is wrong input, not a defect. */
async function listening(options: Partial<ServerOptions>) {
  const { serve } = await import('../server/serve.js')
  try {
    return await serve(options)
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall !== 'listen' && syscall !== 'getaddrinfo' && syscall !== 'bind') throw error
    throw new InputError('out_of_range', {
      path: '--host, --port',
      expected: 'an address and a port that are free',
      received: `${options.host}:${options.port} (${code})`,
      cause: error,
    })
  }
}
