import { join } from 'node:path'
import { addMcpServer, writeJson } from './common.mjs'

/** Qwen Code: a fork of Gemini CLI that speaks OpenAI's chat completions. */
export const qwenCode = {
  name: 'qwen-code',
  package: '@qwen-code/qwen-code',
  version: '0.15.10',
  program: (modules) => [process.execPath, join(modules, '@qwen-code', 'qwen-code', 'cli.js')],
  env: ({ url }) => ({
    OPENAI_API_KEY: 'mock',
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_MODEL: 'qwen3-coder',
  }),
  settle: ({ home }) =>
    writeJson(join(home, '.qwen', 'settings.json'), {
      security: { auth: { selectedType: 'openai' } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false, disableAutoUpdate: true },
    }),
  /** With a key in the environment it asks for nothing. */
  firstRunEnv: { OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined, OPENAI_MODEL: undefined },
  addServer: ({ home }, name, server) => addMcpServer(join(home, '.qwen', 'settings.json'), name, server),
  resume: ['--continue'],
  interactive: (prompt) => (prompt === null ? [] : ['-i', prompt]),
  headless: (prompt) => ['-p', prompt],
  allow: ['--yolo'],
  shell: (command) => ({
    name: 'run_shell_command',
    input: { command, description: 'run it', is_background: false, timeout: 600_000 },
  }),
  /** Headless it may give up after some attempts. */
  wanted: { 'pipe-529': ['silent', 'repeating', 'ended'], 'pipe-429': ['silent', 'repeating', 'ended'] },
  /** Until its phrases are known to be a list, each gives back a sixth of `stuck_after`, and there is one every 15 s. */
  patience: Object.fromEntries(
    ['no-answer', 'half-answer', 'only-pings', 'breaks-off'].map((state) => [`pane-${state}`, 40]),
  ),
  screens: {
    'first-run': /Select Authentication|Get started|How would you like/i,
    idle: /Type your message/,
    permission: /Allow execution|Yes, allow once/,
  },
}
