/** OpenAI's chat completions: `POST /v1/chat/completions`, streamed or not. */
import { beginEvents, newId, sendComment, sendEvent, sendJson } from './wire.mjs'

const usage = { prompt_tokens: 1000, completion_tokens: 20, total_tokens: 1020 }
const ERROR_CODES = {
  400: 'context_length_exceeded',
  401: 'invalid_api_key',
  429: 'rate_limit_exceeded',
  529: 'overloaded',
}
const MESSAGES = {
  400: "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens.",
  401: 'Incorrect API key provided: mock.',
}

const toolCall = ({ name, input }) => ({
  index: 0,
  id: newId('call'),
  type: 'function',
  function: { name, arguments: JSON.stringify(input) },
})

const streamed = (response, request) => {
  const id = newId('chatcmpl')
  let finishReason = 'stop'
  const head = { id, object: 'chat.completion.chunk', created: 1_750_000_000, model: request.body.model }
  const send = (delta, finish_reason = null) =>
    sendEvent(response, { ...head, choices: [{ index: 0, delta, finish_reason }] })
  return {
    begin() {
      beginEvents(response)
      send({ role: 'assistant', content: '' })
    },
    text: (words) => send({ content: words }),
    tool(call) {
      send({ tool_calls: [toolCall(call)] })
      finishReason = 'tool_calls'
    },
    ping: () => sendComment(response),
    end() {
      send({}, finishReason)
      sendEvent(response, { ...head, choices: [], usage })
      response.end('data: [DONE]\n\n')
    },
  }
}

const whole = (response, request) => {
  const message = { role: 'assistant', content: '' }
  return {
    begin() {},
    text(words) {
      message.content += words
    },
    tool(call) {
      message.tool_calls = [toolCall(call)]
    },
    ping() {},
    end() {
      const finish_reason = message.tool_calls === undefined ? 'stop' : 'tool_calls'
      sendJson(response, 200, {
        id: newId('chatcmpl'),
        object: 'chat.completion',
        created: 1_750_000_000,
        model: request.body.model,
        choices: [{ index: 0, message, finish_reason }],
        usage,
      })
    },
  }
}

export const openaiChat = {
  reply: (response, request) => (request.isStreamed ? streamed : whole)(response, request),
  refuse: (status) => ({
    error: {
      message: MESSAGES[status] ?? `the mock answers ${status}`,
      type: status < 429 ? 'invalid_request_error' : 'server_error',
      code: ERROR_CODES[status] ?? 'error',
    },
  }),
}
