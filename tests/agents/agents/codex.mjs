import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { appendText, writeJson, writeText } from './common.mjs'

const TARGETS = { x64: 'x86_64', arm64: 'aarch64' }

/** What a tool that still runs has answered: the model asks for the rest of it. */
const waitFor = (body) => {
  const [, id] = JSON.stringify(body.input.at(-1)).match(/session ID (\d+)/) ?? []
  if (id === undefined) return null
  return { name: 'write_stdin', input: { session_id: Number(id), chars: '', yield_time_ms: 30_000 } }
}

/** Codex: one binary (Rust), drawn on the main screen. */
export const codex = {
  name: 'codex',
  package: '@openai/codex',
  version: '0.171.0',
  program: (modules) => {
    const vendor = join(modules, '@openai', `codex-${process.platform}-${process.arch}`, 'vendor')
    return [join(vendor, `${TARGETS[process.arch]}-unknown-linux-musl`, 'bin', 'codex')]
  },
  env: () => ({ MOCK_API_KEY: 'mock' }),
  /** The provider is needed for the first run too: without one it asks for an account, and goes no further. */
  prepare: ({ home, url }) =>
    writeText(
      join(home, '.codex', 'config.toml'),
      [
        'model = "gpt-5-codex"',
        'model_provider = "mock"',
        'check_for_update_on_startup = false',
        '[analytics]',
        'enabled = false',
        '[model_providers.mock]',
        'name = "mock"',
        `base_url = "${url}/v1"`,
        'env_key = "MOCK_API_KEY"',
        'wire_api = "responses"',
        '',
      ].join('\n'),
    ),
  settle: ({ home, work }) =>
    appendText(join(home, '.codex', 'config.toml'), `[projects."${work}"]\ntrust_level = "trusted"\n`),
  addServer: ({ home }, name, { command, args }) =>
    appendText(
      join(home, '.codex', 'config.toml'),
      `[mcp_servers.${name}]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}\n`,
    ),
  async offerUpdate({ home }) {
    const config = join(home, '.codex', 'config.toml')
    await writeText(config, (await readFile(config, 'utf8')).replace(/^check_for_update.*\n/m, ''))
    await writeJson(join(home, '.codex', 'version.json'), {
      latest_version: '99.0.0',
      last_checked_at: new Date().toISOString(),
    })
  },
  resume: ['resume', '--last', '--include-non-interactive'],
  firstRunPrompt: 'do it',
  interactive: (prompt) => (prompt === null ? [] : [prompt]),
  headless: (prompt) => ['exec', '--skip-git-repo-check', prompt],
  ask: ['--ask-for-approval', 'on-request', '--sandbox', 'read-only'],
  allow: ['--dangerously-bypass-approvals-and-sandbox'],
  shell: (command) => ({ name: 'exec_command', input: { cmd: command, yield_time_ms: 30_000 } }),
  /** The sandbox decides what is asked: only a call that wants to leave it is. */
  askingShell: (command) => ({
    name: 'exec_command',
    input: { cmd: command, sandbox_permissions: 'require_escalated', justification: 'run it?' },
  }),
  waitFor,
  /** Once the answer has begun, it draws nothing until more of it comes: from outside that is the prompt. */
  wanted: {
    'pane-half-answer': ['awaiting-input', 'silent'],
    // Headless it gives up after some attempts, and says so.
    'pipe-429': ['ended'],
    'pipe-529': ['ended'],
  },
  patience: {
    // At its first start it copies its daemon, 2.4 GB of reads and writes, when the prompt is there already.
    'pane-idle': 30,
    // The model asks for the rest every 30 s. The first time says something new, and each is saved.
    'pane-tool-sleeps': 100,
  },
  screens: {
    'first-run': /Trust this folder/,
    idle: /Ask Codex to do anything/,
    update: /Update available/,
    permission: /Would you like to run|Allow command|Yes, proceed/,
  },
}
