import { describe, expect, it } from 'vitest'
import { PaneState } from '../../src/guard/pane-state.ts'
import type { ShownState } from '../../src/tmux/pane-options.ts'
import { FakeMachine } from '../fakes/machine.ts'
import { aRecord } from '../fakes/records.ts'

const ACTIVE: ShownState = { state: 'active', attention: null }
const HUNG: ShownState = { state: 'hung', attention: null }
const ASKS: ShownState = { state: 'active', attention: 'question' }

/** A tmux that answers when it is told to. */
class Scene {
  readonly sent: string[] = []
  readonly #answers: (() => void)[] = []
  readonly pane = new PaneState(
    {
      env: {},
      run: async (_, args) => {
        this.sent.push(args.at(-1) ?? '')
        await new Promise<void>((resolve) => this.#answers.push(resolve))
        return { ok: true, stdout: '', stderr: '', missing: false }
      },
    },
    new FakeMachine().clock,
  )

  async answer(): Promise<void> {
    this.#answers.shift()?.()
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }

  get states(): readonly string[] {
    return this.sent.map((commands) => /@lock_state (\w+)/.exec(commands)?.[1] ?? 'removed')
  }
}

describe('the state in the pane of a run', () => {
  it('is told to tmux only when it has changed', async () => {
    const scene = new Scene()
    for (let beat = 0; beat < 5; beat += 1) {
      scene.pane.show(aRecord(), ACTIVE)
      await scene.answer()
    }
    scene.pane.show(aRecord(), HUNG)
    await scene.answer()
    expect(scene.states).toEqual(['active', 'hung'])
  })

  it('names the session, its run, and what it needs a person for', async () => {
    const scene = new Scene()
    scene.pane.show(aRecord({ session: 'docs', generation: 3 }), ASKS)
    expect(scene.sent[0]?.split(' ; ')).toEqual([
      'set-option -p -t %3 @lock_session docs',
      'set-option -p -t %3 @lock_generation 3',
      'set-option -p -t %3 @lock_state active',
      'set-option -p -t %3 @lock_attention question',
    ])
  })

  it('is the last one when several come while tmux does not answer', async () => {
    const scene = new Scene()
    scene.pane.show(aRecord(), ACTIVE)
    scene.pane.show(aRecord(), HUNG)
    scene.pane.show(aRecord(), ACTIVE)
    scene.pane.show(aRecord(), ASKS)
    await scene.answer()
    await scene.answer()
    expect(scene.states).toEqual(['active', 'active'])
    expect(scene.sent[1]).toContain('@lock_attention question')
  })

  it('is taken away at the end', async () => {
    const scene = new Scene()
    scene.pane.show(aRecord(), ACTIVE)
    scene.pane.remove()
    await scene.answer()
    await scene.answer()
    expect(scene.states).toEqual(['active', 'removed'])
  })

  it('costs a run that has shown none, or has no pane, no process', () => {
    const scene = new Scene()
    scene.pane.remove()
    scene.pane.show(aRecord({ tmux: null }), ACTIVE)
    scene.pane.remove()
    expect(scene.sent).toEqual([])
  })

  it('is not sent to what is no pane', () => {
    const scene = new Scene()
    const tmux = { socket: '/tmp/s', session: 'x', pane: '%3 ; kill-server', server_pid: 1 }
    scene.pane.show(aRecord({ tmux }), ACTIVE)
    expect(scene.sent).toEqual([])
  })

  it('is not waited for longer than it may take', async () => {
    const scene = new Scene()
    scene.pane.show(aRecord(), ACTIVE)
    await scene.pane.settle(3)
    expect(scene.states).toEqual(['active'])
  })
})
