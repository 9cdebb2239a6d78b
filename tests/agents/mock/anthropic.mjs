/** Anthropic's messages: `POST /v1/messages`, streamed or not. */
import { beginEvents, newId, sendEvent, sendJson } from './wire.mjs'

const ERROR_TYPES = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}
const MESSAGES = {
  400: 'prompt is too long: 250000 tokens > 200000 maximum',
  401: 'invalid x-api-key',
}
const usage = { input_tokens: 1000, output_tokens: 20 }

const envelope = (request, id) => ({
  id,
  type: 'message',
  role: 'assistant',
  model: request.body.model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { ...usage, output_tokens: 1 },
})

const streamed = (response, request) => {
  const send = (data) => sendEvent(response, data, data.type)
  let index = 0
  let isTextOpen = false
  let stopReason = 'end_turn'
  const closeText = () => {
    if (!isTextOpen) return
    send({ type: 'content_block_stop', index })
    index += 1
    isTextOpen = false
  }
  return {
    begin() {
      beginEvents(response)
      send({ type: 'message_start', message: envelope(request, newId('msg')) })
    },
    text(words) {
      if (!isTextOpen) send({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } })
      isTextOpen = true
      send({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: words } })
    },
    tool({ name, input }) {
      closeText()
      send({
        type: 'content_block_start',
        index,
        content_block: { type: 'tool_use', id: newId('toolu'), name, input: {} },
      })
      const delta = { type: 'input_json_delta', partial_json: JSON.stringify(input) }
      send({ type: 'content_block_delta', index, delta })
      send({ type: 'content_block_stop', index })
      index += 1
      stopReason = 'tool_use'
    },
    ping: () => send({ type: 'ping' }),
    end() {
      closeText()
      send({ type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage })
      send({ type: 'message_stop' })
      response.end()
    },
  }
}

const whole = (response, request) => {
  const content = []
  return {
    begin() {},
    text: (words) => content.push({ type: 'text', text: words }),
    tool: ({ name, input }) => content.push({ type: 'tool_use', id: newId('toolu'), name, input }),
    ping() {},
    end() {
      const usesTool = content.some(({ type }) => type === 'tool_use')
      const answer = { content, stop_reason: usesTool ? 'tool_use' : 'end_turn', usage }
      sendJson(response, 200, { ...envelope(request, newId('msg')), ...answer })
    },
  }
}

export const anthropic = {
  reply: (response, request) => (request.isStreamed ? streamed : whole)(response, request),
  refuse: (status) => ({
    type: 'error',
    error: {
      type: ERROR_TYPES[status] ?? 'api_error',
      message: MESSAGES[status] ?? `the mock answers ${status}`,
    },
  }),
}
