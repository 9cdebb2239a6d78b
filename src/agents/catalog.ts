/** Where each agent has its settings, and which of its events are asked for. */
import { join } from 'node:path'
import { hookCommand } from '../core/agents/hook-command.ts'
import type { AgentName } from '../core/agents/names.ts'
import { opencodePlugin, piExtension } from './plugins.ts'

export type Place = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Of the project, for settings that are for it alone; `null`: the person's. */
  readonly project: string | null
}

/** An event, and which of its kinds; `''` for all. */
type WantedEvent = readonly [event: string, matcher: string]

/** One file that is to be changed or written. */
export type Target =
  /** Settings in JSON with `hooks`, beside other things. */
  | {
      readonly kind: 'hooks'
      readonly path: string
      readonly events: readonly WantedEvent[]
      readonly timeout: number
    }
  /** Codex: one program that is told of every turn's end. */
  | { readonly kind: 'notify'; readonly path: string }
  /** A file that has nothing else in it. */
  | { readonly kind: 'own'; readonly path: string; text(script: string): string }

export type Agent = {
  readonly title: string
  /** What is looked for in PATH. */
  readonly binary: string
  directory(place: Place): string
  targets(place: Place): readonly Target[]
  /** What is to be done or known afterwards. */
  readonly remark?: string
}

const SECONDS = 5
const MILLISECONDS = SECONDS * 1000

const fromEnv = ({ env, home }: Place, variable: string, ...standard: readonly string[]): string =>
  env[variable] || join(home, ...standard)

const ALL_TOOLS = '*'

const CLAUDE_EVENTS: readonly WantedEvent[] = [
  ['UserPromptSubmit', ''],
  ['PreToolUse', ALL_TOOLS],
  ['PostToolUse', ALL_TOOLS],
  ['PostToolUseFailure', ALL_TOOLS],
  ['PermissionRequest', ALL_TOOLS],
  ['Notification', 'idle_prompt|elicitation_dialog|agent_needs_input'],
  ['SubagentStop', ''],
  ['Stop', ''],
  ['StopFailure', ''],
]

const CODEX_EVENTS: readonly WantedEvent[] = [
  ['UserPromptSubmit', ''],
  ['PreToolUse', ''],
  ['PostToolUse', ''],
  ['PermissionRequest', ''],
  ['Stop', ''],
]

const GEMINI_EVENTS: readonly WantedEvent[] = [
  ['BeforeAgent', ''],
  ['BeforeTool', ALL_TOOLS],
  ['AfterTool', ALL_TOOLS],
  ['Notification', ''],
  ['AfterAgent', ''],
]

const COPILOT_EVENTS = [
  'userPromptSubmitted',
  'preToolUse',
  'postToolUse',
  'permissionRequest',
  'notification',
  'agentStop',
] as const

/** Its payloads do not name the event. */
const copilotHooks = (script: string): string => {
  const hooks = Object.fromEntries(
    COPILOT_EVENTS.map((event) => [
      event,
      [{ type: 'command', bash: hookCommand(script, 'copilot', event), timeoutSec: SECONDS }],
    ]),
  )
  return `${JSON.stringify({ version: 1, hooks }, null, 2)}\n`
}

export const CATALOG: Readonly<Record<AgentName, Agent>> = {
  claude: {
    title: 'Claude Code',
    binary: 'claude',
    directory: (place) => fromEnv(place, 'CLAUDE_CONFIG_DIR', '.claude'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.claude')
      return [{ kind: 'hooks', path: join(dir, 'settings.json'), events: CLAUDE_EVENTS, timeout: SECONDS }]
    },
  },
  codex: {
    title: 'Codex',
    binary: 'codex',
    directory: (place) => fromEnv(place, 'CODEX_HOME', '.codex'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.codex')
      const hooks = {
        kind: 'hooks',
        path: join(dir, 'hooks.json'),
        events: CODEX_EVENTS,
        timeout: SECONDS,
      } as const
      return place.project === null ? [hooks, { kind: 'notify', path: join(dir, 'config.toml') }] : [hooks]
    },
    remark: 'Codex runs new hooks only when they are trusted: start codex once, and look at /hooks.',
  },
  gemini: {
    title: 'Gemini CLI',
    binary: 'gemini',
    directory: ({ env, home }) => join(env.GEMINI_CLI_HOME || home, '.gemini'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.gemini')
      return [
        { kind: 'hooks', path: join(dir, 'settings.json'), events: GEMINI_EVENTS, timeout: MILLISECONDS },
      ]
    },
  },
  qwen: {
    title: 'Qwen Code',
    binary: 'qwen',
    directory: ({ home }) => join(home, '.qwen'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.qwen')
      const events = CLAUDE_EVENTS.map(([event]): WantedEvent => [event, ''])
      return [{ kind: 'hooks', path: join(dir, 'settings.json'), events, timeout: MILLISECONDS }]
    },
  },
  opencode: {
    title: 'OpenCode',
    binary: 'opencode',
    directory: ({ env, home }) =>
      env.OPENCODE_CONFIG_DIR || join(env.XDG_CONFIG_HOME || join(home, '.config'), 'opencode'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.opencode')
      return [{ kind: 'own', path: join(dir, 'plugin', 'tmux-session-lock.js'), text: opencodePlugin }]
    },
  },
  copilot: {
    title: 'Copilot CLI',
    binary: 'copilot',
    directory: (place) => fromEnv(place, 'COPILOT_HOME', '.copilot'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.github')
      const path = join(dir, 'hooks', 'tmux-session-lock.json')
      return [{ kind: 'own', path, text: copilotHooks }]
    },
  },
  pi: {
    title: 'pi',
    binary: 'pi',
    directory: (place) => fromEnv(place, 'PI_CODING_AGENT_DIR', '.pi', 'agent'),
    targets(place) {
      const dir = place.project === null ? this.directory(place) : join(place.project, '.pi')
      return [{ kind: 'own', path: join(dir, 'extensions', 'tmux-session-lock.ts'), text: piExtension }]
    },
  },
}
