/** The peers that programs of the zoo talk to: one HTTP server, on a port of its own, for this machine only. */
import { createServer } from 'node:http'

const LATE_SECONDS = 60

const ANSWERS = {
  /** 1 kB a second. */
  drip(answer) {
    const timer = setInterval(() => answer.write(Buffer.alloc(250)), 250)
    answer.on('close', () => clearInterval(timer))
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

/** @returns {Promise<{url: string, close: () => void}>} */
export const startServer = async () => {
  const server = createServer((request, answer) => {
    ANSWERS[request.url.slice(1)]?.(answer)
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
