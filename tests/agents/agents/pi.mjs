import { join } from 'node:path'
import { writeJson } from './common.mjs'

/** pi: Node, drawn on the main screen. It has no dialog at the first run, and asks for no permission. */
export const pi = {
  name: 'pi',
  package: '@mariozechner/pi-coding-agent',
  version: '0.73.1',
  program: (modules) => [
    process.execPath,
    join(modules, '@mariozechner', 'pi-coding-agent', 'dist', 'cli.js'),
    ...['--provider', 'mock', '--model', 'mock'],
  ],
  env: () => ({ PI_SKIP_VERSION_CHECK: '1', PI_OFFLINE: '1', PI_TELEMETRY: '0' }),
  prepare: ({ home, url }) =>
    writeJson(join(home, '.pi', 'agent', 'models.json'), {
      providers: {
        mock: {
          baseUrl: `${url}/v1`,
          api: 'openai-completions',
          apiKey: 'mock',
          models: [{ id: 'mock', contextWindow: 100_000, maxTokens: 8000 }],
        },
      },
    }),
  resume: ['--continue'],
  interactive: (prompt) => (prompt === null ? [] : [prompt]),
  headless: (prompt) => ['-p', prompt],
  allow: [],
  shell: (command) => ({ name: 'bash', input: { command } }),
  /** Headless it gives up after some attempts, and says so. */
  wanted: { 'pipe-429': ['ended'], 'pipe-529': ['ended'] },
  screens: { idle: /ctrl\+c\/ctrl\+d clear\/exit/ },
}
