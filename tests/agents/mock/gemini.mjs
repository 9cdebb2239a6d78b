/** Google's Gemini: `POST …/models/MODEL:streamGenerateContent?alt=sse` and `…:generateContent`. */
import { beginEvents, newId, sendComment, sendEvent, sendJson } from './wire.mjs'

const STATUS_WORDS = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  429: 'RESOURCE_EXHAUSTED',
  529: 'UNAVAILABLE',
}
const MESSAGES = {
  400: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  401: 'API key not valid. Please pass a valid API key.',
}
const usageMetadata = { promptTokenCount: 1000, candidatesTokenCount: 20, totalTokenCount: 1020 }

const chunk = (parts, finishReason) => ({
  candidates: [
    { content: { role: 'model', parts }, index: 0, ...(finishReason === undefined ? {} : { finishReason }) },
  ],
  usageMetadata,
  modelVersion: 'mock',
  responseId: newId('resp'),
})

const callPart = ({ name, input }) => ({ functionCall: { id: newId('call'), name, args: input } })

const streamed = (response) => ({
  begin: () => beginEvents(response),
  text: (words) => sendEvent(response, chunk([{ text: words }])),
  tool: (call) => sendEvent(response, chunk([callPart(call)])),
  ping: () => sendComment(response),
  end() {
    sendEvent(response, chunk([{ text: '' }], 'STOP'))
    response.end()
  },
})

const whole = (response) => {
  const parts = []
  return {
    begin() {},
    text: (words) => parts.push({ text: words }),
    tool: (call) => parts.push(callPart(call)),
    ping() {},
    end: () => sendJson(response, 200, chunk(parts, 'STOP')),
  }
}

export const gemini = {
  reply: (response, request) => (request.isStreamed ? streamed : whole)(response),
  refuse: (status) => ({
    error: {
      code: status,
      message: MESSAGES[status] ?? `the mock answers ${status}`,
      status: STATUS_WORDS[status] ?? 'UNKNOWN',
    },
  }),
}
