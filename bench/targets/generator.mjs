// HTTP load with little work for each response: connections that stay open, one request at a time on each, the request's bytes made
// once, and of a response only its head read. What the generator takes of the processor, the server cannot have.
import { connect } from 'node:net'

const BUFFER = 1 << 17
const HEAD_END = '\r\n\r\n'

/**
 * Sends the same request for so many seconds: as fast as the connections go, or at `rate` a second. Then latency counts from the
 * moment at which a request was due, whether or not a connection was free.
 */
export async function load({ address, path, headers, body, connections, seconds, rate }) {
  const { hostname, port, host } = new URL(address)
  const head = Object.entries({ ...headers, host, 'content-length': Buffer.byteLength(body) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const request = Buffer.from(`POST ${path} HTTP/1.1\r\n${head}\r\n${body}`)
  const run = new Run({ request, rate, seconds })
  await Promise.all(Array.from({ length: connections }, () => run.connect(Number(port), hostname)))
  run.start()
  await run.ended
  return run.summary()
}

class Run {
  /** Milliseconds of each response, by the minute in which it came. */
  minutes = []
  refused = 0
  errors = 0
  #idle = []
  #due = []
  #sockets = []
  #open = true

  constructor({ request, rate, seconds }) {
    Object.assign(this, { request, rate, seconds })
  }

  connect(port, host) {
    return new Promise((connected, failed) => {
      const connection = { sentAt: 0, left: 0, head: '' }
      const socket = connect({
        port,
        host,
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafe(BUFFER),
          callback: (length, buffer) => this.#read(connection, buffer, length),
        },
      })
      connection.socket = socket
      socket.once('connect', connected)
      socket.on('error', (error) => {
        this.errors++
        failed(error)
      })
      this.#sockets.push(socket)
      this.#idle.push(connection)
    })
  }

  start() {
    this.begin = performance.now()
    this.ended = new Promise((end) => {
      setTimeout(() => {
        this.#open = false
        this.duration = (performance.now() - this.begin) / 1000
        for (const socket of this.#sockets) socket.destroy()
        end()
      }, this.seconds * 1000)
    })
    if (this.rate === undefined) {
      for (const connection of this.#idle.splice(0)) this.#send(connection, performance.now())
      return
    }
    let sent = 0
    const timer = setInterval(() => {
      if (!this.#open) return clearInterval(timer)
      const now = performance.now()
      for (; this.begin + (sent * 1000) / this.rate <= now; sent++) {
        this.#due.push(this.begin + (sent * 1000) / this.rate)
      }
      while (this.#due.length > 0 && this.#idle.length > 0) this.#send(this.#idle.pop(), this.#due.shift())
    }, 1)
  }

  #send(connection, dueAt) {
    connection.sentAt = dueAt
    connection.socket.write(this.request)
  }

  #read(connection, buffer, length) {
    let at = 0
    if (connection.left === 0) {
      connection.head += buffer.latin1Slice(0, Math.min(length, 4096))
      const end = connection.head.indexOf(HEAD_END)
      if (end < 0) return true
      if (connection.head.charCodeAt(9) !== 0x32) this.refused++
      at = end + HEAD_END.length - (connection.head.length - Math.min(length, 4096))
      connection.left = Number(/content-length: (\d+)/i.exec(connection.head)[1])
      connection.head = ''
    }
    connection.left -= length - at
    if (connection.left === 0) this.#answered(connection)
    return true
  }

  #answered(connection) {
    if (!this.#open) return
    const now = performance.now()
    const minute = Math.floor((now - this.begin) / 60_000)
    this.minutes[minute] ??= []
    this.minutes[minute].push(now - connection.sentAt)
    if (this.rate === undefined) this.#send(connection, now)
    else if (this.#due.length > 0) this.#send(connection, this.#due.shift())
    else this.#idle.push(connection)
  }

  summary() {
    const minutes = this.minutes.map((latencies) => Float64Array.from(latencies).sort())
    const sorted = Float64Array.from(this.minutes.flat()).sort()
    return {
      answered: sorted.length - this.refused,
      refused: this.refused,
      errors: this.errors,
      duration: this.duration,
      p50: percentile(sorted, 0.5),
      p97_5: percentile(sorted, 0.975),
      p99: percentile(sorted, 0.99),
      p99ByMinute: minutes.map((latencies) => percentile(latencies, 0.99)),
      max: sorted[sorted.length - 1],
    }
  }
}

const percentile = (sorted, part) => sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)]
