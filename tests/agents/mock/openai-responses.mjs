/** OpenAI's responses: `POST /v1/responses`, streamed or not. */
import { openaiChat } from './openai-chat.mjs'
import { beginEvents, newId, sendComment, sendEvent, sendJson } from './wire.mjs'

const usage = {
  input_tokens: 1000,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 1020,
}

const envelope = (request, id, output) => ({
  id,
  object: 'response',
  created_at: 1_750_000_000,
  model: request.body.model,
  status: 'in_progress',
  output,
  parallel_tool_calls: false,
  tools: [],
})

const messageItem = (id, text, status) => ({
  type: 'message',
  id,
  status,
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
})

const callItem = ({ name, input }) => ({
  type: 'function_call',
  id: newId('fc'),
  call_id: newId('call'),
  name,
  arguments: JSON.stringify(input),
  status: 'completed',
})

const streamed = (response, request) => {
  const responseId = newId('resp')
  const output = []
  let sequence = 0
  let message = null
  const send = (type, data) => {
    sendEvent(response, { type, sequence_number: sequence, ...data }, type)
    sequence += 1
  }
  const place = () => ({ item_id: message.id, output_index: output.length, content_index: 0 })
  const openMessage = () => {
    message = { id: newId('msg'), text: '' }
    const item = { ...messageItem(message.id, '', 'in_progress'), content: [] }
    send('response.output_item.added', { output_index: output.length, item })
    const part = { type: 'output_text', text: '', annotations: [] }
    send('response.content_part.added', { ...place(), part })
  }
  const closeMessage = () => {
    if (message === null) return
    const item = messageItem(message.id, message.text, 'completed')
    send('response.output_text.done', { ...place(), text: message.text })
    send('response.content_part.done', { ...place(), part: item.content[0] })
    send('response.output_item.done', { output_index: output.length, item })
    output.push(item)
    message = null
  }
  return {
    begin() {
      beginEvents(response)
      send('response.created', { response: envelope(request, responseId, []) })
      send('response.in_progress', { response: envelope(request, responseId, []) })
    },
    text(words) {
      if (message === null) openMessage()
      message.text += words
      send('response.output_text.delta', { ...place(), delta: words, logprobs: [] })
    },
    tool(call) {
      closeMessage()
      const item = callItem(call)
      const where = { output_index: output.length }
      send('response.output_item.added', {
        ...where,
        item: { ...item, arguments: '', status: 'in_progress' },
      })
      send('response.function_call_arguments.delta', { ...where, item_id: item.id, delta: item.arguments })
      send('response.function_call_arguments.done', { ...where, item_id: item.id, arguments: item.arguments })
      send('response.output_item.done', { ...where, item })
      output.push(item)
    },
    ping: () => sendComment(response),
    end() {
      closeMessage()
      send('response.completed', {
        response: { ...envelope(request, responseId, output), status: 'completed', usage },
      })
      response.end()
    },
  }
}

const whole = (response, request) => {
  const output = []
  return {
    begin() {},
    text: (words) => output.push(messageItem(newId('msg'), words, 'completed')),
    tool: (call) => output.push(callItem(call)),
    ping() {},
    end() {
      sendJson(response, 200, { ...envelope(request, newId('resp'), output), status: 'completed', usage })
    },
  }
}

export const openaiResponses = {
  reply: (response, request) => (request.isStreamed ? streamed : whole)(response, request),
  refuse: openaiChat.refuse,
}
