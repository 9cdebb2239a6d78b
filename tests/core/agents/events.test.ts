import { describe, expect, it } from 'vitest'
import { type AgentSignal, signalOf } from '../../../src/core/agents/events.ts'

type Case = readonly [agent: string, event: Readonly<Record<string, unknown>>, signal: AgentSignal | null]

/** As the agents send them, in the fields that matter. */
const CASES: readonly Case[] = [
  [
    'Claude Code',
    { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'npm  test\n' } },
    { kind: 'tool', text: 'Bash npm test' },
  ],
  [
    'Claude Code',
    { hook_event_name: 'PermissionRequest', tool_name: 'Bash', tool_input: { command: 'rm -rf build' } },
    { kind: 'permission', text: 'Bash rm -rf build' },
  ],
  [
    'Claude Code',
    {
      hook_event_name: 'PreToolUse',
      tool_name: 'AskUserQuestion',
      tool_input: { questions: [{ question: 'Which one?', header: 'x' }] },
    },
    { kind: 'question', text: 'Which one?' },
  ],
  [
    'Claude Code',
    { hook_event_name: 'Stop', last_assistant_message: 'Done.', background_tasks: [] },
    { kind: 'turn-ended', text: 'Done.' },
  ],
  [
    'Claude Code, with work in the background',
    { hook_event_name: 'Stop', last_assistant_message: 'It builds.', background_tasks: [{}] },
    { kind: 'progress', text: 'waits for 1 of its own tasks' },
  ],
  [
    'Claude Code',
    { hook_event_name: 'StopFailure', error: 'rate_limit' },
    { kind: 'question', text: 'its turn has failed: rate_limit' },
  ],
  [
    'Claude Code',
    { hook_event_name: 'Notification', notification_type: 'idle_prompt', message: 'waiting' },
    { kind: 'turn-ended', text: 'waiting' },
  ],
  ['Claude Code', { hook_event_name: 'Notification', notification_type: 'auth_success', message: 'x' }, null],
  [
    'Gemini CLI',
    {
      hook_event_name: 'Notification',
      notification_type: 'ToolPermission',
      message: 'Tool Bash requires execution',
      details: { type: 'exec', command: 'rm -rf build' },
    },
    { kind: 'permission', text: 'rm -rf build' },
  ],
  [
    'Gemini CLI',
    { hook_event_name: 'AfterAgent', prompt_response: 'All\ndone' },
    { kind: 'turn-ended', text: 'All done' },
  ],
  [
    'Codex, as the argument of notify',
    { type: 'agent-turn-complete', 'last-assistant-message': 'Renamed.' },
    { kind: 'turn-ended', text: 'Renamed.' },
  ],
  [
    'Codex',
    { hook_event_name: 'PreToolUse', tool_name: 'shell', tool_input: { command: ['bash', '-lc', 'ls'] } },
    { kind: 'tool', text: 'shell bash -lc ls' },
  ],
  [
    'OpenCode',
    { type: 'permission.asked', tool_name: 'bash', tool_input: { command: 'rm -rf build' } },
    { kind: 'permission', text: 'bash rm -rf build' },
  ],
  ['OpenCode', { type: 'permission.replied' }, { kind: 'progress', text: '' }],
  ['pi', { type: 'agent_end' }, { kind: 'turn-ended', text: '' }],
  ['anybody', { hook_event_name: 'SessionStart' }, null],
  ['anybody', { hook_event_name: 'toString' }, null],
  ['anybody', { hook_event_name: '__proto__' }, null],
  ['anybody', { hook_event_name: 7 }, null],
  ['anybody', {}, null],
]

describe('an event of an agent', () => {
  it.each(CASES)('of %s is understood: %j', (_, payload, signal) => {
    expect(signalOf({ name: null, payload })).toEqual(signal)
  })

  it('has the name that the caller gives, when the payload has none', () => {
    const payload = { toolName: 'bash', toolArgs: '{"command":"ls"}' }
    expect(signalOf({ name: 'preToolUse', payload })).toEqual({ kind: 'tool', text: 'bash ls' })
    expect(signalOf({ name: 'agentStop', payload: {} })).toEqual({ kind: 'turn-ended', text: '' })
  })

  it('gives one line, cut, and not within a character', () => {
    const text = signalOf({
      name: 'Stop',
      payload: { last_assistant_message: '\u{1f600}'.repeat(5000) },
    })?.text
    expect(text).toBe(`${'\u{1f600}'.repeat(199)}…`)
  })
})
