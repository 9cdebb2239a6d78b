import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applyChange, installedAgents, planSetup, type Request } from '../../src/agents/setup.ts'
import { AGENTS, type AgentName } from '../../src/core/agents/names.ts'
import { LockError } from '../../src/core/errors.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const SCRIPT = "/opt/it's here/scripts/lock.sh"

class Home {
  readonly dir = join(tempDir(), 'a home')
  readonly place = { env: {}, home: this.dir, project: null }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true })
    writeFileSync(join(this.dir, path), text)
  }
  read(path: string): string {
    return readFileSync(join(this.dir, path), 'utf8')
  }
  has(path: string): boolean {
    return existsSync(join(this.dir, path))
  }
  async plan(agents: readonly AgentName[], changes: Partial<Request> = {}) {
    return planSetup({ agents, place: this.place, script: SCRIPT, isRemoval: false, ...changes })
  }
  async setup(...agents: readonly AgentName[]): Promise<number> {
    const { changes } = await this.plan(agents)
    for (const change of changes) applyChange(change, false)
    return changes.length
  }
  async remove(...agents: readonly AgentName[]): Promise<void> {
    const { changes } = await this.plan(agents, { isRemoval: true })
    for (const change of changes) applyChange(change, true)
  }
  get files(): readonly string[] {
    return readdirSync(this.dir, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
  }
}

const SETTINGS = `{
    // my settings
    "model": "opus",
    "hooks": {
        "Stop": [
            { "hooks": [ { "type": "command", "command": "say done" } ] } // mine
        ],
    },
    "zzz": [1,2] /* last */
}
`

/** What is left of a text when the lines that another lacks are taken out. */
const isKept = (before: string, after: string): boolean => {
  const lines = after.split('\n')
  return before.split('\n').every((line) => {
    const index = lines.findIndex(
      (other) => other === line || other === `${line},` || other === line.replace(/ \/\//, ', //'),
    )
    return index >= 0
  })
}

describe('the set-up of an agent', () => {
  it.each(AGENTS)('is done once, and taken out again without a trace: %s', async (agent) => {
    const home = new Home()
    mkdirSync(home.dir)
    expect(await home.setup(agent)).toBeGreaterThan(0)
    expect(await home.setup(agent)).toBe(0)
    await home.remove(agent)
    expect(home.files).toEqual([])
  })

  it('keeps what else is in the settings, with comments and layout', async () => {
    const home = new Home()
    home.write('.claude/settings.json', SETTINGS)
    await home.setup('claude')
    const after = home.read('.claude/settings.json')
    expect(isKept(SETTINGS, after)).toBe(true)
    expect(after).toContain(`"command": "say done" } ] }, // mine\n`)
    expect(after.match(/hook claude/g)?.length).toBe(9)
    expect(home.read('.claude/settings.json.before-tmux-session-lock')).toBe(SETTINGS)
    await home.remove('claude')
    expect(home.read('.claude/settings.json')).toBe(SETTINGS)
    expect(home.files).toEqual(['settings.json'])
  })

  it('takes out its own alone when the settings have changed since', async () => {
    const home = new Home()
    home.write('.claude/settings.json', SETTINGS)
    await home.setup('claude')
    home.write('.claude/settings.json', home.read('.claude/settings.json').replace('opus', 'haiku'))
    await home.remove('claude')
    expect(home.read('.claude/settings.json')).toBe(SETTINGS.replace('opus', 'haiku'))
  })

  it.each([
    ['one line', '{"model":"x"}'],
    ['tabs', '{\n\t"model": "x",\n\t"hooks": {}\n}\n'],
    ['carriage returns', '{\r\n  "model": "x"\r\n}\r\n'],
    ['empty lists', '{ "hooks": { "Stop": [] } }'],
    ['nothing', ''],
  ])('understands settings with %s', async (_, text) => {
    const home = new Home()
    home.write('.gemini/settings.json', text)
    await home.setup('gemini')
    const settings = JSON.parse(home.read('.gemini/settings.json'))
    expect(Object.keys(settings.hooks)).toEqual(expect.arrayContaining(['BeforeTool', 'AfterAgent']))
    expect(settings.hooks.AfterAgent[0].hooks[0]).toMatchObject({ type: 'command', timeout: 5000 })
    expect(await home.setup('gemini')).toBe(0)
    await home.remove('gemini')
    expect(home.read('.gemini/settings.json')).toBe(text)
  })

  it('replaces what an installation elsewhere has put in', async () => {
    const home = new Home()
    await home.setup('claude')
    const { changes } = await home.plan(['claude'], { script: '/new/lock.sh' })
    for (const change of changes) applyChange(change, false)
    const text = home.read('.claude/settings.json')
    expect(text).toContain('/new/lock.sh')
    expect(text).not.toContain('here/scripts')
  })

  it.each([
    ['{\n  "hooks": {\n    "Stop": [,]\n', ':3: it is no JSON'],
    ['[]', ':1: an object is expected'],
    ['{\n "hooks": []}', ':2: here an object is expected'],
    ['{\n "hooks": {\n "Stop": {}}}', ':3: here a list is expected'],
  ])('refuses settings that it does not understand, with file and line: %j', async (text, message) => {
    const home = new Home()
    home.write('.claude/settings.json', text)
    const failure = await home.plan(['pi', 'claude']).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(LockError)
    expect((failure as LockError).exitCode).toBe(78)
    expect((failure as LockError).message).toContain(`settings.json${message}`)
  })

  it('follows a link, and keeps the permissions of what it leads to', async () => {
    const home = new Home()
    home.write('dot files/settings.json', SETTINGS)
    chmodSync(join(home.dir, 'dot files/settings.json'), 0o640)
    mkdirSync(join(home.dir, '.claude'))
    symlinkSync('../dot files/settings.json', join(home.dir, '.claude/settings.json'))
    await home.setup('claude')
    expect(home.read('dot files/settings.json')).toContain('hook claude')
  })

  it("is Codex' notify too, before the first table, unless another program is told already", async () => {
    const home = new Home()
    home.write('.codex/config.toml', '# mine\n[features]\nhooks = true\n')
    await home.setup('codex')
    expect(home.read('.codex/config.toml')).toMatch(
      /^notify = \["sh",.*\n# mine\n\[features\]\nhooks = true\n$/,
    )
    expect(await home.setup('codex')).toBe(0)
    await home.remove('codex')
    expect(home.read('.codex/config.toml')).toBe('# mine\n[features]\nhooks = true\n')

    home.write('.codex/config.toml', 'notify = ["beep"]\n')
    const { changes, remarks } = await home.plan(['codex'])
    expect(changes.map(({ path }) => path)).toEqual([join(home.dir, '.codex/hooks.json')])
    expect(remarks.join()).toContain('notify is used already')

    home.write('.codex/config.toml', 'a = 1\nb = = 2\n')
    await expect(home.plan(['codex'])).rejects.toThrow(/config\.toml:2: it is no TOML/)
  })

  it("does not touch a file of somebody else's", async () => {
    const home = new Home()
    home.write('.copilot/hooks/tmux-session-lock.json', '{}')
    await expect(home.plan(['copilot'])).rejects.toThrow("somebody else's")
    await home.remove('copilot')
    expect(home.has('.copilot/hooks/tmux-session-lock.json')).toBe(true)
  })

  it('finds the agents that are there', () => {
    const home = new Home()
    home.write('.claude/settings.json', '{}')
    home.write('bin/codex', '')
    chmodSync(join(home.dir, 'bin/codex'), 0o755)
    const place = { ...home.place, env: { PATH: join(home.dir, 'bin') } }
    expect(installedAgents(place)).toEqual(['claude', 'codex'])
  })

  it('of a project is in the project', async () => {
    const home = new Home()
    const { changes } = await home.plan(AGENTS, { place: { ...home.place, project: '/p' } })
    expect(changes.map(({ path }) => path)).toEqual([
      '/p/.claude/settings.json',
      '/p/.codex/hooks.json',
      '/p/.gemini/settings.json',
      '/p/.qwen/settings.json',
      '/p/.opencode/plugin/tmux-session-lock.js',
      '/p/.github/hooks/tmux-session-lock.json',
      '/p/.pi/extensions/tmux-session-lock.ts',
    ])
  })
})
