import type { FastifyInstance } from 'fastify'
import { createServer } from './app.js'
import { type ServerOptions, serverOptions } from './options.js'

/** A server that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:8080`. */
  address: string
  app: FastifyInstance
  /** Lets the requests under way end, then stops. */
  close(): Promise<void>
}

/** Starts the rebalance server. */
export async function serve(changes: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const { host, port, shutdownSeconds } = serverOptions(changes)
  const app = await createServer(changes)
  const address = await app.listen({ host, port })
  return { address, app, close: () => closeWithin(app, shutdownSeconds) }
}

/** Requests under way are answered; what takes longer than the time given is cut off. */
async function closeWithin(app: FastifyInstance, seconds: number): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), seconds * 1000)
  try {
    await app.close()
  } finally {
    clearTimeout(cutOff)
  }
}
