/**
 * What the formats of all APIs have in common: a body of server-sent events, or one JSON object.
 *
 * A format is an object with `reply(response, request)`, which gives a {@link Reply}, and `refuse(status)`, the body
 * of an error. `request` is `{ path, body, isStreamed }`.
 *
 * @typedef {object} Reply  one answer, written piece by piece
 * @property {() => void} begin  status and headers, and whatever comes before the first word
 * @property {(words: string) => void} text
 * @property {(call: {name: string, input: object}) => void} tool  a call of one of the agent's tools
 * @property {() => void} ping  bytes that say nothing but that the connection is alive
 * @property {() => void} end
 */

let lastId = 0
/** Unique in this process, which is all that an agent compares. */
export const newId = (prefix) => {
  lastId += 1
  return `${prefix}_${lastId.toString().padStart(8, '0')}`
}

export const sendJson = (response, status, body) => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

export const beginEvents = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.flushHeaders()
}

/** @param name the line `event:`; without one, `data:` alone */
export const sendEvent = (response, data, name) => {
  const head = name === undefined ? '' : `event: ${name}\n`
  response.write(`${head}data: ${JSON.stringify(data)}\n\n`)
}

export const sendComment = (response) => response.write(': ping\n\n')
