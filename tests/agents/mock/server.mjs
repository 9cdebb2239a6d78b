/**
 * One HTTP server on 127.0.0.1 that speaks the model APIs of all agents, and is their proxy for everything else: what
 * they would send elsewhere is refused at once, and noted. So nothing leaves the machine.
 *
 * Only a request with tools is the agent's own turn, and goes by the plan. Agents ask for titles and the like beside
 * it, without tools; they get a few words.
 */
import { createServer } from 'node:http'
import { anthropic } from './anthropic.mjs'
import { gemini } from './gemini.mjs'
import { openaiChat } from './openai-chat.mjs'
import { openaiResponses } from './openai-responses.mjs'
import { give } from './plan.mjs'
import { sendJson } from './wire.mjs'

const FORMATS = [
  [/\/messages$/, anthropic],
  [/\/responses$/, openaiResponses],
  [/\/chat\/completions$/, openaiChat],
  [/:(stream)?[gG]enerateContent$/, gemini],
]

const OTHERS = [
  [/\/messages\/count_tokens$/, { input_tokens: 1000 }],
  [/:countTokens$/, { totalTokens: 1000 }],
  [/\/models$/, { object: 'list', data: [], models: [] }],
]

const bodyOf = async (request) => {
  const parts = []
  for await (const part of request) parts.push(part)
  const text = Buffer.concat(parts).toString()
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const SIDE_ANSWER = { kind: 'text', words: 'A short title' }

export class Mock {
  #server
  #plan = [SIDE_ANSWER]
  #given = 0
  /** Every request, in order: `{ at, method, path, isTurn }`; for tests and for the one who asks what an agent sends. */
  requests = []
  /** The body of each turn. */
  turns = []

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
    this.#server.on('connect', (request, socket) => this.#tunnel(request, socket))
    this.#server.on('clientError', (_error, socket) => socket.destroy())
  }

  /** @returns the port */
  async start() {
    await new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    return this.#server.address().port
  }

  async stop() {
    const ended = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await ended
  }

  /** @param {import('./plan.mjs').Answer[]} plan for the turns that follow */
  follow(plan) {
    this.#plan = plan
    this.#given = 0
  }

  #note(method, path, isTurn) {
    this.requests.push({ at: Date.now() / 1000, method, path, isTurn })
  }

  /** Some agents go through their proxy to 127.0.0.1 too; a tunnel to anywhere else is refused. */
  #tunnel(request, socket) {
    socket.on('error', () => {})
    if (request.url === `127.0.0.1:${this.#server.address().port}`) {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      this.#server.emit('connection', socket)
      return
    }
    this.#note('CONNECT', request.url, false)
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
  }

  async #answer(incoming, response) {
    response.on('error', () => {})
    const { pathname, searchParams } = new URL(incoming.url, 'http://127.0.0.1')
    const body = await bodyOf(incoming)
    const format = FORMATS.find(([pattern]) => pattern.test(pathname))?.[1]
    const isTurn = format !== undefined && Array.isArray(body.tools) && body.tools.length > 0
    this.#note(incoming.method, incoming.url, isTurn)
    if (format === undefined) {
      const other = OTHERS.find(([pattern]) => pattern.test(pathname))
      return sendJson(
        response,
        other === undefined ? 404 : 200,
        other?.[1] ?? { error: { message: 'not here' } },
      )
    }
    const isStreamed = body.stream === true || searchParams.get('alt') === 'sse'
    const request = { path: pathname, body, isStreamed }
    if (!isTurn) return give(SIDE_ANSWER, format, request, response)
    this.turns.push(body)
    const answer = this.#plan[Math.min(this.#given, this.#plan.length - 1)]
    this.#given += 1
    await give(answer, format, request, response)
  }
}
