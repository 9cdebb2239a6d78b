import { join } from 'node:path'
import { addMcpServer, writeJson } from './common.mjs'

const CONVERSATION = '6f1c2a52-58b4-4f0e-9d55-2f8d0e8a7c11'
const KEY = 'sk-ant-mock-00000000000000000000000000000000'

/** Claude Code: one binary (Bun), a React tree drawn on the main screen. */
export const claudeCode = {
  name: 'claude-code',
  package: '@anthropic-ai/claude-code',
  version: '2.1.197',
  program: (modules) => [
    join(modules, '@anthropic-ai', `claude-code-${process.platform}-${process.arch}`, 'claude'),
  ],
  env: ({ url }) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    // It refuses to go without permissions as root, but for a sandbox.
    IS_SANDBOX: '1',
  }),
  /** Its first dialogs want to reach its maker's servers; the question of trust comes after them. */
  firstRun: ({ home }) =>
    writeJson(join(home, '.claude.json'), { hasCompletedOnboarding: true, theme: 'dark' }),
  async settle({ home, work }) {
    await writeJson(join(home, '.claude.json'), {
      hasCompletedOnboarding: true,
      theme: 'dark',
      bypassPermissionsModeAccepted: true,
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: { [work]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    })
    await writeJson(join(home, '.claude', 'settings.json'), { skipDangerousModePermissionPrompt: true })
  },
  addServer: ({ home }, name, server) =>
    addMcpServer(join(home, '.claude.json'), name, { type: 'stdio', ...server }),
  // What was said headless is left out by --continue.
  begin: ['--session-id', CONVERSATION],
  resume: ['--resume', CONVERSATION],
  interactive: (prompt) => (prompt === null ? [] : [prompt]),
  headless: (prompt) => ['-p', prompt],
  allow: ['--dangerously-skip-permissions'],
  shell: (command) => ({
    name: 'Bash',
    input: { command, description: 'run it', timeout: 600_000 },
  }),
  screens: {
    'first-run': /custom API key|trust this folder|Do you trust/,
    idle: /❯/,
    permission: /Do you want to proceed/,
  },
}
