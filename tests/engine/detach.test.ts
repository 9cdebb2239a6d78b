import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CommandOutcome } from '../../src/core/ports.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { type DetachedOutcome, type DetachedRun, runDetached } from '../../src/engine/detach.ts'
import { takeStart } from '../../src/store/start-file.ts'
import { isTooOld } from '../../src/tmux/tmux.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { OWNER, owner } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

const SOCKET = '/tmp/tmux-0/default'
const NEW_PANE = '%9'
const COMMAND = ['/usr/bin/node', 'main.cjs', 'engine', 'run', 'demo', '--', 'make']

type Pane = {
  readonly id: string
  readonly mark?: string
  state: 'live' | 'dead'
  exitCode: string
  screen: readonly string[]
}

/** A tmux server in memory, as far as it is asked here. */
class FakeTmux {
  readonly panes: Pane[] = []
  started: readonly string[] | null = null
  onStart: () => void = () => undefined
  onCollect: () => void = () => undefined
  onList: () => void = () => undefined
  version = 'tmux 3.3a'
  /** What it says to the start, which it does not carry out to its end. */
  says: string | null = null
  /** Of the session: the command for when a pane has ended. */
  hook: string | null = null

  readonly answer = (command: readonly string[]): Partial<CommandOutcome> => {
    const words = command
      .slice(1)
      .filter((word, index, all) => !['-S', '-u'].includes(word) && all[index - 1] !== '-S')
    const pane = this.panes.find(({ id }) => words.includes(id))
    switch (words[0]) {
      case 'list-panes':
        this.onList()
        return this.panes.length === 0
          ? { ok: false }
          : { stdout: this.panes.map((one) => `${one.mark ?? ''}\t${this.#place(one)}`).join('\n') }
      case 'new-session':
      case 'new-window':
        return this.#start(words)
      case 'display-message':
        if (pane === undefined) return { stdout: ' 300  ' }
        return { stdout: `${pane.id} 300 ${pane.state === 'dead' ? 1 : 0} ${pane.exitCode}` }
      case 'capture-pane':
        return { stdout: pane?.screen.join('\n') ?? '' }
      case 'kill-pane':
        if (pane !== undefined) this.panes.splice(this.panes.indexOf(pane), 1)
        return {}
      case '-V':
        return { stdout: this.version }
      case 'set-hook':
        this.hook = words[4] ?? null
        return {}
      case 'run-shell':
        this.onCollect()
        return {}
      default:
        throw new Error(`what is ${command.join(' ')}?`)
    }
  }

  #start(words: readonly string[]): Partial<CommandOutcome> {
    this.started = words
    if (this.says?.startsWith('usage:')) return { ok: false, stderr: this.says }
    const pane: Pane = { id: NEW_PANE, state: 'live', exitCode: '', screen: [] }
    this.panes.push(pane)
    this.onStart()
    const stdout = this.#place(pane)
    return this.says === null ? { stdout } : { ok: false, stdout, stderr: this.says }
  }

  readonly #place = ({ id }: Pane): string => [SOCKET, id, '300', 'demo'].join('\t')

  /** The engine in the new pane ends. */
  fail(exitCode: string, ...screen: readonly string[]): void {
    Object.assign(this.panes.at(-1) ?? {}, { state: 'dead', exitCode, screen })
  }
}

class Scene {
  readonly tmux = new FakeTmux()
  readonly world: FakeWorld

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.world = fakeWorld({ PATH: '/bin', ...env }, { answer: this.tmux.answer })
    mkdirSync(this.world.paths('demo').home)
  }

  start(changes: Partial<DetachedRun> = {}): Promise<DetachedOutcome> {
    return runDetached(this.world, { name: 'demo', waits: false, force: false, ...changes }, COMMAND)
  }

  async run(changes: Partial<DetachedRun> = {}): Promise<number> {
    return (await this.start(changes)).exitCode
  }

  /** The engine in the new pane has the session. */
  hold(changes: Partial<RecordFields> = {}): void {
    const tmux = { socket: SOCKET, session: 'demo', pane: NEW_PANE, server_pid: 300 }
    putRecord(this.world, { tmux, ...changes })
  }
}

describe('a detached run', () => {
  it('is in a new tmux session, and returns when it holds its own', async () => {
    const scene = new Scene()
    scene.tmux.onStart = () => scene.hold()
    expect(await scene.run()).toBe(0)
    expect(scene.tmux.started?.slice(0, 4)).toEqual(['new-session', '-d', '-s', 'demo'])
    expect(scene.tmux.started?.join(' ')).toContain('NODE_OPTIONS /usr/bin/node main.cjs engine __start ')
    expect(scene.world.notified).toEqual(['demo runs in its own tmux session; see: lock.sh attach demo'])
  })

  it('has the size of the terminal that it was started in', async () => {
    const scene = new Scene()
    scene.world.terminals.add(1)
    scene.tmux.onStart = () => scene.hold()
    await scene.run()
    expect(scene.tmux.started?.join(' ')).toContain('-x 80 -y 24')
  })

  it('is told its words and its environment in a private file, and nothing of the run around it', async () => {
    const scene = new Scene({ LOCK_COOKIE: 'of-another-run', TOKEN: 'secret' })
    scene.tmux.onStart = () => scene.hold()
    await scene.run()
    const started = scene.tmux.started ?? []
    expect(started.join(' ')).not.toContain('secret')
    expect(started.join(' ')).not.toContain('make')
    const file = started[started.indexOf('__start') + 1] ?? ''
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(takeStart(file)).toEqual({
      words: ['run', 'demo', '--', 'make'],
      env: { PATH: '/bin', TOKEN: 'secret', LOCK_DIR: scene.world.lockDir },
      umask: 0o022,
      ignored: '',
    })
    expect(existsSync(file)).toBe(false)
  })

  it('does not wait for a run that is to wait itself', async () => {
    const scene = new Scene()
    expect(await scene.start({ waits: true })).toEqual({ exitCode: 0, waits: true })
    expect(scene.world.notified[0]).toContain('waits in its own tmux session')
  })

  it('needs no pane to see that the session is held', async () => {
    const scene = new Scene()
    putRecord(scene.world)
    scene.world.machine.add(OWNER, () => undefined, owner())
    expect((await rejectionOf(scene.run())).exitCode).toBe(75)
    expect(scene.tmux.started).toBeNull()
  })

  it('says that its engine still tries when neither has come to be in time', async () => {
    const scene = new Scene()
    const failure = await rejectionOf(scene.run())
    expect(failure.exitCode).toBe(75)
    expect(failure.message).toContain('still tries to get the session')
    expect(scene.world.machine.elapsed).toBeGreaterThanOrEqual(60)
  })

  it('waits longer by force: the owner and what it leaves have their grace', async () => {
    const scene = new Scene()
    putRecord(scene.world)
    await rejectionOf(scene.run({ force: true }))
    expect(scene.world.machine.elapsed).toBeGreaterThanOrEqual(80)
  })

  it('is not taken for the run before it in the same pane', async () => {
    const scene = new Scene()
    scene.hold({ generation: 7 })
    expect((await rejectionOf(scene.run())).message).toContain('still tries')
  })
})

describe('a detached engine that ends without the session', () => {
  it('gives its exit code and what it has said, and its pane goes', async () => {
    const scene = new Scene()
    scene.tmux.onStart = () => scene.tmux.fail('64', 'engine: no such option', '', 'Pane is dead (status 64)')
    expect(await scene.run()).toBe(64)
    expect(scene.world.notified).toEqual(['no such option'])
    expect(scene.tmux.panes).toEqual([])
  })

  it('is waited for until tmux has its exit code', async () => {
    const scene = new Scene()
    scene.tmux.onStart = () => scene.tmux.fail('', 'engine: it failed')
    scene.tmux.onCollect = () => scene.tmux.fail('69', 'engine: it failed')
    expect(await scene.run()).toBe(69)
  })

  it('stays to be looked at when a signal has ended it', async () => {
    const scene = new Scene()
    scene.tmux.onStart = () => scene.tmux.fail('')
    expect(await scene.run()).toBe(74)
    expect(scene.tmux.panes).toHaveLength(1)
  })

  it('may have taken its pane with it', async () => {
    const scene = new Scene()
    scene.tmux.onStart = () => void scene.tmux.panes.pop()
    expect(await scene.run()).toBe(74)
  })
})

describe('a tmux that does not know all of it', () => {
  const filesOf = ({ world }: Scene): readonly string[] => readdirSync(world.paths('demo').home)

  it('removes panes that ended well by a hook, where it can keep all or none', async () => {
    const scene = new Scene()
    scene.tmux.says = 'bad value: failed'
    scene.tmux.onStart = () => scene.hold()
    expect(await scene.run()).toBe(0)
    expect(scene.tmux.hook).toMatch(/^if-shell .*pane_dead_status.* kill-pane$/)
    expect(scene.tmux.panes).toHaveLength(1)
  })

  it('leaves no pane behind when another command of the start fails', async () => {
    const scene = new Scene()
    scene.tmux.says = 'unknown option: destroy-unattached'
    const failure = await rejectionOf(scene.run())
    expect(failure.exitCode).toBe(74)
    expect(failure.message).toContain('unknown option: destroy-unattached')
    expect(scene.tmux.panes).toEqual([])
    expect(filesOf(scene)).toEqual([])
  })

  it('is named with the version that is needed, and nothing is made', async () => {
    const scene = new Scene()
    scene.tmux.says = 'usage: set-option [-agosquw] [-t target-session|target-window] option [value]'
    scene.tmux.version = 'tmux 2.9a'
    const failure = await rejectionOf(scene.run())
    expect(failure.exitCode).toBe(69)
    expect(failure.message).toBe('--detach needs tmux 3.0 or newer, and this is tmux 2.9a')
    expect(scene.tmux.panes).toEqual([])
    expect(filesOf(scene)).toEqual([])
  })

  it.each([
    ['tmux 2.9a', true],
    ['tmux 1.8', true],
    ['tmux 3.0', false],
    ['tmux next-3.7', false],
    ['tmux 12.1', false],
    ['tmux master', false],
  ])('%s is too old: %s', (version, expected) => {
    expect(isTooOld(version)).toBe(expected)
  })
})

describe('a tmux session of that name', () => {
  it('with dead panes only goes, and its screens are kept', async () => {
    const scene = new Scene()
    scene.tmux.panes.push({ id: '%3', state: 'dead', exitCode: '1', screen: ['the last words'] })
    scene.tmux.onStart = () => scene.hold()
    expect(await scene.run()).toBe(0)
    const screens = `${scene.world.paths('demo').home}/screens`
    const [file = ''] = readdirSync(screens)
    expect(file).toMatch(/^\d{8}T\d{6}Z-3\.txt$/)
    expect(readFileSync(`${screens}/${file}`, 'utf8')).toBe('the last words\n')
    expect(scene.tmux.panes.map(({ id }) => id)).toEqual([NEW_PANE])
  })

  it('of ours gets another window', async () => {
    const scene = new Scene()
    putRecord(scene.world, { phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 } })
    scene.tmux.panes.push({ id: '%3', state: 'live', exitCode: '', screen: [] })
    scene.tmux.onStart = () => scene.hold({ generation: 8 })
    expect(await scene.run()).toBe(0)
    expect(scene.tmux.started?.slice(0, 3)).toEqual(['new-window', '-t', '=demo:'])
  })

  it('that another detached run has just made is waited for, and then its run holds the session', async () => {
    const scene = new Scene()
    const mark = scene.world.lockDir
    scene.tmux.panes.push({ id: '%3', mark, state: 'live', exitCode: '', screen: [] })
    scene.world.machine.add(OWNER, () => undefined, owner())
    let lists = 0
    scene.tmux.onList = () => {
      lists += 1
      if (lists === 3) putRecord(scene.world)
    }
    const failure = await rejectionOf(scene.run())
    expect(failure.exitCode).toBe(75)
    expect(failure.message).toContain('demo is held by')
    expect(scene.tmux.started).toBeNull()
  })

  it('of somebody else is left alone', async () => {
    const scene = new Scene()
    scene.tmux.panes.push({ id: '%3', state: 'live', exitCode: '', screen: [] })
    const failure = await rejectionOf(scene.run())
    expect(failure.message).toContain('which is not ours')
    expect(scene.tmux.started).toBeNull()
    expect(scene.tmux.panes).toHaveLength(1)
  })
})
