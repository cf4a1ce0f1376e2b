import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** The figures of one server, in the text form of Prometheus. */
export class Metrics {
  readonly #registry = new Registry()
  readonly requests = new Counter({
    name: 'equipoise_http_requests_total',
    help: 'Requests by route and status code',
    labelNames: ['route', 'code'] as const,
    registers: [this.#registry],
  })
  readonly seconds = new Histogram({
    name: 'equipoise_http_request_seconds',
    help: 'Time from the first byte to the response, by route',
    labelNames: ['route'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.#registry],
  })
  readonly runs = new Counter({
    name: 'equipoise_rebalance_runs_total',
    help: 'Runs by status: READY, PENDING_REVIEW, BLOCKED',
    labelNames: ['status'] as const,
    registers: [this.#registry],
  })
  readonly underWay = new Gauge({
    name: 'equipoise_http_requests_under_way',
    help: 'Requests that have no response yet',
    registers: [this.#registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  /** The timers behind the default figures end with the server. */
  close(): void {
    this.#registry.clear()
  }
}
