import type { FastifyReply } from 'fastify'
import { EquipoiseError, InputError } from '../errors.js'

/** One fault of a request: where it is, and the rule that it breaks. */
export interface Fault {
  path: string
  code: string
  expected: string
  received: string
}

/** What every response but 200 says. */
export interface Refusal {
  status: number
  message: string
  detail: Fault[]
}

export function refuse(
  reply: FastifyReply,
  status: number,
  message: string,
  detail: Fault[] = [],
): FastifyReply {
  const refusal: Refusal = { status, message, detail }
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(refusal))
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'the body is not JSON',
  401: 'a bearer token is needed',
  404: 'there is no such address',
  405: 'another method is needed here',
  408: 'the request took too long',
  413: 'the body is too large',
  415: 'the body must be application/json',
  422: 'the request is not valid',
  429: 'too many requests; try again later',
  503: 'the server is busy; try again later',
}

/** Any error as a response: never with a stack, never with more of the request than the fault itself. */
export function refuseError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof InputError) {
    const status = error.code === 'format' ? 400 : 422
    const { path, code, expected, received } = error
    return refuse(reply, status, MESSAGES[status] as string, [{ path, code, expected, received }])
  }
  const status = statusOf(error)
  if (status >= 500 && status !== 503) {
    const reported = error instanceof EquipoiseError ? error : { message: 'internal error' }
    reply.log.error({ err: { message: reported.message } }, 'internal error')
    return refuse(reply, 500, 'internal error')
  }
  return refuse(reply, status, MESSAGES[status] ?? 'the request is not valid')
}

function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500
}
