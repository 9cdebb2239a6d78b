import { join } from 'node:path'
import { changeJson, writeJson } from './common.mjs'

const model = { name: 'Mock', limit: { context: 100_000, output: 8000 } }

/** OpenCode: one binary (Bun), drawn on the alternate screen by a native renderer; its server is another thread. */
export const opencode = {
  name: 'opencode',
  package: 'opencode-ai',
  version: '1.18.33',
  program: (modules) => [join(modules, `opencode-${process.platform}-${process.arch}`, 'bin', 'opencode')],
  env: () => ({
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    // It installs a package when it starts, and waits for that.
    npm_config_fetch_retries: '0',
  }),
  prepare: ({ home, url, permission }) =>
    writeJson(join(home, '.config', 'opencode', 'opencode.json'), {
      autoupdate: false,
      share: 'disabled',
      model: 'mock/mock',
      small_model: 'mock/mock',
      permission: { bash: permission },
      provider: {
        mock: {
          npm: '@ai-sdk/openai-compatible',
          name: 'mock',
          options: { baseURL: `${url}/v1`, apiKey: 'mock' },
          models: { mock: model },
        },
      },
    }),
  addServer: ({ home }, name, { command, args }) =>
    changeJson(join(home, '.config', 'opencode', 'opencode.json'), (settings) => ({
      ...settings,
      mcp: { [name]: { type: 'local', command: [command, ...args], enabled: true } },
    })),
  resume: ['--continue'],
  interactive: (prompt) => (prompt === null ? [] : ['--prompt', prompt]),
  headless: (prompt) => ['run', prompt],
  allow: [],
  shell: (command) => ({
    name: 'bash',
    input: { command, description: 'run it', timeout: 600_000 },
  }),
  screens: {
    idle: /Ask anything/,
    permission: /Permission required|Allow once/,
  },
  // It tries a few times, with growing pauses; how long that takes depends on the machine.
  wanted: { 'pipe-429': ['silent', 'repeating', 'ended'], 'pipe-529': ['silent', 'repeating', 'ended'] },
}
