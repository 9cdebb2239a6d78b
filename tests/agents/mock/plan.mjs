/**
 * What the model of a scene does. A plan is a list of answers: the first request gets the first of them, and so on;
 * the last one is given to all that follow.
 *
 * @typedef {object} Answer
 * @property {'text'|'stream'|'part'|'drop'|'nothing'|'half'|'pings'|'refuse'|'tool'} kind
 *   `part` streams for a while and then says nothing more; `drop` breaks the connection then
 * @property {string} [words]  of `text`, and of `tool` when its function has nothing to call
 * @property {number} [status]  of `refuse`
 * @property {{name: string, input: object}|((body: object) => {name: string, input: object}|null)} [call]  of `tool`; a
 *   function sees the request, as a model does that goes on with a tool that still runs
 */
import { readdir, readFile } from 'node:fs/promises'
import { sendJson } from './wire.mjs'

/** An API sends some tokens a second; a ping says nothing, and comes now and then. */
const WORD_MILLISECONDS = 100
const PING_MILLISECONDS = 2000

const DOCS = new URL('../../../docs/', import.meta.url)
/** What a model says is prose with a large vocabulary: here the project's own documents. */
const prose = async () => {
  const names = (await readdir(DOCS)).filter((name) => name.endsWith('.md')).sort()
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, DOCS), 'utf8')))
  return texts.join('\n').split(/(?<=\s)(?=\S)/)
}

/** What every stream begins with. */
export const FIRST_WORDS = 'Here is what I found.'

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Of an answer that breaks off. */
const PART_WORDS = 50

/** @param count so many words at most, or until the client leaves */
const stream = async (reply, isOpen, count = Number.POSITIVE_INFINITY) => {
  const words = await prose()
  reply.text(`${FIRST_WORDS}\n\n`)
  for (let n = 0; n < count && isOpen(); n += 1) {
    reply.text(words[n % words.length])
    await pause(WORD_MILLISECONDS)
  }
}

const pings = async (reply, isOpen) => {
  while (isOpen()) {
    reply.ping()
    await pause(PING_MILLISECONDS)
  }
}

/** Each gets the reply, the answer, the request and the connection. What does not end it leaves it open. */
const KINDS = {
  text(reply, { words }) {
    reply.begin()
    reply.text(words)
    reply.end()
  },
  tool(reply, { call, words }, request) {
    const made = typeof call === 'function' ? call(request.body) : call
    reply.begin()
    if (made === null) reply.text(words)
    else reply.tool(made)
    reply.end()
  },
  nothing() {},
  half(reply) {
    reply.begin()
    reply.text('I shall look at the files and then')
  },
  async pings(reply, _answer, _request, { isOpen }) {
    reply.begin()
    await pings(reply, isOpen)
  },
  async stream(reply, _answer, _request, { isOpen }) {
    reply.begin()
    await stream(reply, isOpen)
  },
  async part(reply, _answer, _request, { isOpen }) {
    reply.begin()
    await stream(reply, isOpen, PART_WORDS)
  },
  async drop(reply, _answer, _request, { isOpen, drop }) {
    reply.begin()
    await stream(reply, isOpen, PART_WORDS)
    drop()
  },
}

/** Gives one answer in the format of one API. */
export const give = async (answer, format, request, response) => {
  if (answer.kind === 'refuse') return sendJson(response, answer.status, format.refuse(answer.status))
  const connection = {
    isOpen: () => !response.destroyed && !response.writableEnded,
    drop: () => response.destroy(),
  }
  await KINDS[answer.kind](format.reply(response, request), answer, request, connection)
}
