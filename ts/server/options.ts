import { InputError } from '../errors.js'

/** Settings of the server. */
export interface ServerOptions {
  /** @default '127.0.0.1': other machines cannot reach it */
  host: string
  /** 0 takes a free one. @default 8080 */
  port: number
  /** Asked for as a bearer token, where it is set. */
  token?: string | undefined
  /** Largest body in bytes. @default 1048576 */
  bodyLimit: number
  /** Seconds that a client may take to send a request. @default 30 */
  requestTimeoutSeconds: number
  /** Requests of one address in a minute; more get 429. 0 is no limit. @default 0 */
  rateLimitPerMinute: number
  /** Milliseconds by which the event loop may lag before requests get 503. @default 250 */
  maxEventLoopDelayMs: number
  /** Runs under way at a time; more get 503. @default 256 */
  maxRuns: number
  /** Seconds that requests under way are given at a shutdown. @default 10 */
  shutdownSeconds: number
  /** @default 'info' */
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Write request bodies, which hold what clients own, into the log. @default false */
  logHoldings: boolean
}

export const serverDefaults: Readonly<ServerOptions> = {
  host: '127.0.0.1',
  port: 8080,
  bodyLimit: 1024 * 1024,
  requestTimeoutSeconds: 30,
  rateLimitPerMinute: 0,
  maxEventLoopDelayMs: 250,
  maxRuns: 256,
  shutdownSeconds: 10,
  logLevel: 'info',
  logHoldings: false,
}

/** The defaults with the caller's changes, checked. */
export function serverOptions(changes: Partial<ServerOptions> = {}): ServerOptions {
  const known = new Set([...Object.keys(serverDefaults), 'token'])
  for (const key of Object.keys(changes)) {
    if (!known.has(key)) {
      throw new InputError('unknown_option', {
        path: key,
        expected: `one of ${[...known].join(', ')}`,
        received: key,
      })
    }
  }
  const options = { ...serverDefaults, ...changes }
  whole('port', options.port, 0, 65535)
  whole('bodyLimit', options.bodyLimit, 1, 2 ** 30)
  whole('rateLimitPerMinute', options.rateLimitPerMinute, 0, 1e9)
  whole('maxRuns', options.maxRuns, 1, 1e6)
  for (const name of ['requestTimeoutSeconds', 'maxEventLoopDelayMs', 'shutdownSeconds'] as const) {
    if (!(options[name] > 0)) throw outOfRange(name, 'a number above 0', options[name])
  }
  if (options.token !== undefined && options.token.length < 16) {
    throw new InputError('out_of_range', {
      path: 'token',
      expected: 'at least 16 characters',
      received: `${options.token.length} characters`,
    })
  }
  return options
}

function whole(path: string, value: number, least: number, largest: number) {
  if (!Number.isInteger(value) || value < least || value > largest) {
    throw outOfRange(path, `a whole number from ${least} to ${largest}`, value)
  }
}

const outOfRange = (path: string, expected: string, received: unknown) =>
  new InputError('out_of_range', { path, expected, received: String(received) })
