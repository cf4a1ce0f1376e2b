// The rebalance server as a library: `import { serve } from 'equipoise/server'`.
export { createServer } from './app.js'
export { type ServerOptions, serverDefaults } from './options.js'
export type { Fault, Refusal } from './problem.js'
export { openApiDocument } from './schemas.js'
export { type RunningServer, serve } from './serve.js'
