import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HiddenPrompts, terminalPath } from '../../src/process/hidden-prompt.ts'
import { eventually } from '../fakes/eventually.ts'

describe('the terminal of a process', () => {
  it.each([
    [34_820, '/dev/pts/4'],
    [34_816 + 255, '/dev/pts/255'],
    [0x8900 + 3, '/dev/pts/259'],
    [1_025, null],
    [0, null],
  ])('as proc(5) has it, %i', (device, path) => {
    expect(terminalPath(device)).toBe(path)
  })
})

const hasTmux = spawnSync('tmux', ['-V']).status === 0

describe.skipIf(process.platform !== 'linux' || !hasTmux)('a process that may not be looked into', () => {
  const inPane = (command: string): number => {
    const dir = mkdtempSync(`${process.env.SUITE_DIR ?? '/tmp'}/lock-tty.`)
    const env = { ...process.env, TMUX_TMPDIR: dir, SHELL: '/bin/sh' }
    onTestFinished(() => {
      spawnSync('tmux', ['kill-server'], { env })
      rmSync(dir, { recursive: true, force: true })
    })
    const { stdout } = spawnSync(
      'tmux',
      ['-f', '/dev/null', 'new-session', '-d', '-P', '-F', '#{pane_pid}', command],
      { env, encoding: 'utf8' },
    )
    return Number(stdout)
  }
  const isNow = (pid: number, name: string): Promise<boolean> =>
    eventually(`${pid} is ${name}`, () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name)
  const asksUntil = async (prompts: HiddenPrompts, pid: number): Promise<number | null> => {
    const deadline = Date.now() + 1500
    let asking: number | null = null
    while (asking === null && Date.now() < deadline) {
      asking = prompts.asking([pid], [pid])
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return asking
  }

  it('asks for a password when the terminal does not show what is typed', async () => {
    const pid = inPane('stty -echo; exec sleep 1000')
    await isNow(pid, 'sleep')
    const prompts = new HiddenPrompts(() => true)
    await eventually('it is known', () => prompts.asking([pid], [pid]) === pid)
    expect(prompts.asking([pid], [pid])).toBe(pid)
  })

  it('asks for nothing when the terminal shows it', async () => {
    const pid = inPane('exec sleep 1000')
    await isNow(pid, 'sleep')
    expect(await asksUntil(new HiddenPrompts(() => true), pid)).toBeNull()
  })

  it('asks for nothing when it has a child, as sudo has that runs a command', async () => {
    const pid = inPane('stty -echo; sleep 1000; true')
    const sleeping = (): string | undefined => {
      const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
      try {
        return readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n' ? child : undefined
      } catch {
        return undefined // It has none, or stty, which has ended meanwhile.
      }
    }
    const child = Number(await eventually('its child sleeps', sleeping))
    const prompts = new HiddenPrompts((candidate) => candidate === pid)
    for (let n = 0; n < 5; n += 1) expect(prompts.asking([pid, child], [pid, child])).toBeNull()
  })

  it('is looked at no further when it may be looked into', async () => {
    const pid = inPane('stty -echo; exec sleep 1000')
    await isNow(pid, 'sleep')
    expect(await asksUntil(new HiddenPrompts(() => false), pid)).toBeNull()
  })
})
