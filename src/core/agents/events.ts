/**
 * What an agent's hook event says of its run. Pure.
 *
 * Every agent has its own names for the same few events, and none uses another's name for something else, so one table
 * serves all.
 */
import { type Fields, isFilled, isObject, isText } from '../checks.ts'
import type { AttentionKind } from '../note.ts'

export type AgentSignal = {
  /** `tool`: progress that may be that of a tool beside the one whose permission is asked. */
  readonly kind: 'progress' | 'tool' | AttentionKind
  readonly text: string
}

export type AgentEvent = {
  /** As the caller names it; `null` when the payload does. */
  readonly name: string | null
  readonly payload: Fields
}

const MAX_CHARACTERS = 200

/** A tool may be given a whole file: only its beginning is looked at. */
const oneLine = (text: string): string => {
  const line = text
    .slice(0, MAX_CHARACTERS * 10)
    .trim()
    .replace(/\s+/g, ' ')
  const characters = [...line]
  return characters.length <= MAX_CHARACTERS ? line : `${characters.slice(0, MAX_CHARACTERS - 1).join('')}…`
}

const firstText = (payload: Fields, ...names: readonly string[]): string =>
  oneLine(names.map((name) => payload[name]).find(isFilled) ?? '')

/** What a tool is called for, in the order in which it says most. */
const TELLING = [
  'command',
  'cmd',
  'file_path',
  'filePath',
  'absolute_path',
  'path',
  'notebook_path',
  'pattern',
  'url',
  'query',
  'description',
  'prompt',
] as const

const asInput = (value: unknown): Fields => {
  if (isObject(value)) return value
  if (!isText(value)) return {}
  try {
    const parsed: unknown = JSON.parse(value) // Copilot's is a text.
    return isObject(parsed) ? parsed : {}
  } catch {
    return { command: value }
  }
}

/** Codex gives a command as words. */
const asText = (value: unknown): string =>
  isText(value) ? value : Array.isArray(value) && value.every(isText) ? value.join(' ') : ''

const toolOf = (payload: Fields): { readonly name: string; readonly input: Fields } => ({
  name: firstText(payload, 'tool_name', 'toolName', 'tool', 'permission'),
  input: asInput(payload.tool_input ?? payload.toolArgs ?? payload.tool_args ?? payload.args),
})

/** `Bash rm -rf build` */
const describeTool = (payload: Fields): string => {
  const { name, input } = toolOf(payload)
  const telling = TELLING.map((field) => asText(input[field])).find((text) => text !== '') ?? ''
  return oneLine(`${name} ${telling}`)
}

const questionIn = (input: Fields): string => {
  const questions = Array.isArray(input.questions) ? input.questions : []
  const first: unknown = questions[0]
  return isObject(first) ? firstText(first, 'question', 'header') : firstText(input, 'question', 'message')
}

/** Tools whose permission dialog is the question itself. */
const ASKING_TOOLS: ReadonlySet<string> = new Set(['AskUserQuestion', 'ask_user', 'ask_user_question'])

const permission = (payload: Fields): AgentSignal => {
  const { name, input } = toolOf(payload)
  if (ASKING_TOOLS.has(name)) return { kind: 'question', text: questionIn(input) }
  return { kind: 'permission', text: describeTool(payload) }
}

const lastMessage = (payload: Fields): string =>
  firstText(payload, 'last_assistant_message', 'last-assistant-message', 'prompt_response', 'message')

/** Something that it waits for itself will wake it up again. */
const turnEnded = (payload: Fields): AgentSignal => {
  const waiting = [payload.background_tasks, payload.session_crons].flatMap((tasks) =>
    Array.isArray(tasks) ? tasks : [],
  )
  return waiting.length === 0
    ? { kind: 'turn-ended', text: lastMessage(payload) }
    : { kind: 'progress', text: `waits for ${waiting.length} of its own tasks` }
}

const turnFailed = (payload: Fields): AgentSignal => {
  const why = firstText(payload, 'error_details', 'error', 'message')
  return { kind: 'question', text: why === '' ? 'its turn has failed' : `its turn has failed: ${why}` }
}

const askingTool = (payload: Fields): AgentSignal => {
  const { name, input } = toolOf(payload)
  return ASKING_TOOLS.has(name)
    ? { kind: 'question', text: questionIn(input) }
    : { kind: 'tool', text: describeTool(payload) }
}

const notification = (payload: Fields): AgentSignal | null => {
  const message = firstText(payload, 'message', 'title')
  switch (firstText(payload, 'notification_type', 'notificationType').replaceAll('_', '').toLowerCase()) {
    case 'toolpermission': {
      const details = isObject(payload.details) ? payload.details : {}
      const title = firstText(details, 'command', 'filePath', 'title')
      return { kind: 'permission', text: title === '' ? message : title }
    }
    case 'permissionprompt':
    case 'workerpermissionprompt':
      return { kind: 'permission', text: message }
    case 'elicitationdialog':
    case 'agentneedsinput':
      return { kind: 'question', text: message }
    case 'idleprompt':
    case 'agentidle':
      return { kind: 'turn-ended', text: message }
    default:
      return null
  }
}

const progress = (): AgentSignal => ({ kind: 'progress', text: '' })
const step = (payload: Fields): AgentSignal => ({ kind: 'tool', text: describeTool(payload) })

/** By the event's name without capitals, dots and underscores. */
const EVENTS: Readonly<Record<string, (payload: Fields) => AgentSignal | null>> = {
  // Claude Code, Qwen Code, Codex
  pretooluse: askingTool,
  posttooluse: step,
  posttoolusefailure: step,
  permissionrequest: permission,
  permissiondenied: step,
  userpromptsubmit: progress,
  elicitation: (payload) => ({ kind: 'question', text: firstText(payload, 'message') }),
  elicitationresult: progress,
  notification,
  subagentstart: step,
  subagentstop: step,
  precompact: step,
  postcompact: step,
  stop: turnEnded,
  stopfailure: turnFailed,
  interrupt: () => ({ kind: 'turn-ended', text: 'interrupted' }),
  agentturncomplete: turnEnded,
  // Gemini CLI
  beforeagent: progress,
  beforetool: step,
  aftertool: step,
  precompress: step,
  afteragent: turnEnded,
  // Copilot CLI
  userpromptsubmitted: progress,
  agentstop: turnEnded,
  // OpenCode
  permissionasked: permission,
  permissionreplied: progress,
  questionasked: (payload) => ({ kind: 'question', text: questionIn(payload) }),
  questionreplied: progress,
  questionrejected: progress,
  toolexecutebefore: step,
  toolexecuteafter: step,
  sessionidle: turnEnded,
  // pi
  beforeagentstart: progress,
  toolexecutionstart: step,
  toolexecutionend: step,
  agentend: turnEnded,
}

/** `null` for an event that says nothing of this. */
export const signalOf = ({ name, payload }: AgentEvent): AgentSignal | null => {
  const said = name ?? firstText(payload, 'hook_event_name', 'hookEventName', 'type')
  const key = said.replace(/[^A-Za-z]/g, '').toLowerCase()
  return Object.hasOwn(EVENTS, key) ? (EVENTS[key]?.(payload) ?? null) : null
}
