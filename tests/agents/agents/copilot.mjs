import { join } from 'node:path'
import { addMcpServer, writeJson } from './common.mjs'

/** What a tool that still runs has answered: the model asks for the rest of it. */
const waitFor = (body) => {
  if (/exit code/.test(JSON.stringify(body.messages.at(-1)))) return null
  const [, shellId] = JSON.stringify(body.messages).match(/shellId: ?([\w-]+)(?!.*shellId: )/) ?? []
  return { name: 'read_bash', input: { shellId, delay: 300 } }
}

/** Copilot CLI: one binary (Node with a native runtime beside it), with a provider of one's own instead of an account. */
export const copilot = {
  name: 'copilot',
  package: '@github/copilot',
  version: '1.0.102',
  program: (modules) => [
    join(modules, '@github', `copilot-${process.platform}-${process.arch}`, 'copilot'),
    '--no-auto-update',
  ],
  env: ({ url }) => ({
    COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    COPILOT_PROVIDER_API_KEY: 'mock',
    COPILOT_MODEL: 'gpt-4.1',
    COPILOT_OFFLINE: 'true',
    COPILOT_AUTO_UPDATE: 'false',
  }),
  settle: ({ home, work }) => writeJson(join(home, '.copilot', 'config.json'), { trusted_folders: [work] }),
  addServer: ({ home }, name, server) =>
    addMcpServer(join(home, '.copilot', 'mcp-config.json'), name, { type: 'local', tools: ['*'], ...server }),
  resume: ['--continue'],
  interactive: (prompt) => (prompt === null ? [] : ['-i', prompt]),
  headless: (prompt) => ['-p', prompt],
  allow: ['--allow-all'],
  shell: (command) => ({
    name: 'bash',
    input: { command, description: 'run it', mode: 'sync', initial_wait: 600 },
  }),
  waitFor,
  /** It retries a 429 for long, and gives up on a 529. */
  wanted: { 'pipe-529': ['ended'] },
  screens: {
    'first-run': /Do you trust/,
    idle: /\? help/,
    permission: /Do you want to run this command/,
  },
}
