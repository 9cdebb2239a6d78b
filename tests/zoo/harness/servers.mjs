/** The peers that programs of the zoo talk to, each on a port of its own, for this machine only. */
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'

const LATE_SECONDS = 60

/** Sends so many bytes every 250 ms. @param total of them, or `null` for a length that is not announced */
const streamed = (answer, { each, total, until = total ?? Number.POSITIVE_INFINITY, every = 250 }) => {
  if (total !== null) answer.setHeader('content-length', total)
  let sent = 0
  const timer = setInterval(() => {
    if (sent >= until) return
    sent += each
    answer.write(Buffer.alloc(each, 'x'))
    if (sent >= total && total !== null) answer.end()
  }, every)
  answer.on('close', () => clearInterval(timer))
}

const ANSWERS = {
  /** 1 kB a second. */
  drip: (answer) => streamed(answer, { each: 250, total: null }),
  byte: (answer) => streamed(answer, { each: 1, total: null, every: 1000 }),
  /** A download at 40 kB a second that takes three minutes; one of unknown length at 5 kB a second. */
  slow: (answer) => streamed(answer, { each: 10_000, total: 8_000_000 }),
  'slow-unknown': (answer) => streamed(answer, { each: 1_250, total: null }),
  /** Comes to a third, and no further. */
  half: (answer) => streamed(answer, { each: 100_000, total: 900_000, until: 300_000 }),
  password(answer) {
    answer.writeHead(401, { 'www-authenticate': 'Basic realm="zoo"' }).end()
  },
  pings(answer) {
    answer.write(': ping\n\n')
    const timer = setInterval(() => answer.write(': ping\n\n'), 2000)
    answer.on('close', () => clearInterval(timer))
  },
  never() {},
  'not-ready'(answer) {
    answer.end('not ready')
  },
  late(answer) {
    const timer = setTimeout(() => answer.end('done'), LATE_SECONDS * 1000)
    answer.on('close', () => clearTimeout(timer))
  },
}

const listening = async (server) => {
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return server.address().port
}

/** @returns {Promise<{url: string, silentPort: number, close: () => void}>} `silentPort` accepts connections and says nothing */
export const startServer = async () => {
  const server = createServer((request, answer) => {
    ANSWERS[request.url.split('/')[1]]?.(answer)
  })
  const connections = new Set()
  const silent = createTcpServer((connection) => {
    connections.add(connection.on('error', () => undefined).on('close', () => connections.delete(connection)))
  })
  const port = await listening(server)
  const silentPort = await listening(silent)
  return {
    url: `http://127.0.0.1:${port}`,
    silentPort,
    close() {
      server.close()
      server.closeAllConnections()
      silent.close()
      for (const connection of connections) connection.destroy()
    },
  }
}
