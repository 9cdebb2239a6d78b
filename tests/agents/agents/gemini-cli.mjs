import { join } from 'node:path'
import { addMcpServer, writeJson } from './common.mjs'

/** Gemini CLI: Node, which starts itself again as a child; a React tree drawn on the main screen. */
export const geminiCli = {
  name: 'gemini-cli',
  package: '@google/gemini-cli',
  version: '0.61.0',
  program: (modules) => [process.execPath, join(modules, '@google', 'gemini-cli', 'bundle', 'gemini.js')],
  env: ({ url }) => ({ GEMINI_API_KEY: 'mock', GOOGLE_GEMINI_BASE_URL: url, GEMINI_MODEL: 'gemini-2.5-pro' }),
  prepare: ({ home }) =>
    writeJson(join(home, '.gemini', 'settings.json'), {
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
    }),
  settle: ({ home, work }) =>
    writeJson(join(home, '.gemini', 'trustedFolders.json'), { [work]: 'TRUST_FOLDER' }),
  addServer: ({ home }, name, server) => addMcpServer(join(home, '.gemini', 'settings.json'), name, server),
  resume: ['--resume', 'latest'],
  interactive: (prompt) => (prompt === null ? [] : ['-i', prompt]),
  headless: (prompt) => ['-p', prompt],
  allow: ['--yolo'],
  shell: (command) => ({ name: 'run_shell_command', input: { command, description: 'run it' } }),
  wanted: {
    // After some seconds without output of its tool it asks for input itself ("Shell awaiting input"), without a spinner.
    'pane-tool-sleeps': ['repeating', 'awaiting-input'],
  },
  screens: {
    'first-run': /Do you trust/,
    idle: /Type your message/,
    permission: /Allow execution|Allow once/,
  },
}
