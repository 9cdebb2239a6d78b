/** An agent's hook event becomes a note of the run that the agent is in. */

import { type AgentSignal, signalOf } from '../core/agents/events.ts'
import { isAgentName } from '../core/agents/names.ts'
import type { Attention } from '../core/attention.ts'
import { isObject } from '../core/checks.ts'
import type { NewNote } from '../core/note.ts'
import { noteInRun } from './own-run.ts'

/**
 * Agents use several tools at once, and their subagents too: what another tool does is no answer to the question whether
 * this one may be used.
 */
const noteOf = ({ kind, text }: AgentSignal, open: Attention | null): NewNote | null => {
  if (kind === 'tool' && open?.kind === 'permission' && open.text !== text) return null
  if (kind === 'progress' || kind === 'tool') return { note: text, for: null, hook: true }
  return { attention: kind, note: text, hook: true }
}

/**
 * @param words the agent's name; then an event's name, or the whole event as JSON
 * @param input what came on standard input
 * @throws when the run is not there any more, or the event is no JSON
 */
export const handleEvent = (
  env: Readonly<Record<string, string | undefined>>,
  words: readonly string[],
  input: string,
): void => {
  const [agent = '', word = ''] = words
  if (!isAgentName(agent)) return
  const isEvent = word.startsWith('{')
  const payload: unknown = JSON.parse(isEvent ? word : input)
  if (!isObject(payload)) return
  const signal = signalOf({ name: isEvent || word === '' ? null : word, payload })
  if (signal !== null) noteInRun(env, (open) => noteOf(signal, open))
}
