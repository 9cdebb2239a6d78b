import { describe, expect, it } from 'vitest'
import type { WorkerNote } from '../../src/core/note.ts'
import { AttentionWatch } from '../../src/refresher/attention-watch.ts'

/** A worker whose notes, screen and keyboard are moved by hand. */
class Scene {
  now = 1000
  #notes: WorkerNote[] = []
  #text = ''
  #inputRead = 0
  readonly watch: AttentionWatch

  constructor(overEpoch = 0) {
    this.watch = new AttentionWatch(
      {
        notes: { readAll: () => this.#notes.splice(0) },
        output: {
          read: () => {
            const text = this.#text
            this.#text = ''
            return { bytes: Buffer.byteLength(text), text, total: 0 }
          },
        },
        screenSize: () => null,
        inputRead: () => this.#inputRead,
        clock: { monotonic: () => this.now, epoch: () => this.now, sleep: async () => undefined },
      },
      overEpoch,
    )
  }

  asks(note = 'rm -rf build'): void {
    this.#notes.push({ epoch: this.now, iteration: 1, attention: 'permission', note })
  }
  progresses(): void {
    this.#notes.push({ epoch: this.now, iteration: 1, note: '', for: null })
  }
  prints(text: string): void {
    this.#text += text
  }
  isTyped(): void {
    this.#inputRead += 8
  }
  /** What is open after so many seconds, looked at once in each. */
  after(seconds: number): string | null {
    let open = this.watch.look().open
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1
      open = this.watch.look().open
    }
    return open?.text ?? null
  }
}

const asking = (): Scene => {
  const scene = new Scene()
  scene.prints('Building\n')
  scene.asks()
  expect(scene.after(0)).toBe('rm -rf build')
  return scene
}

describe('a call for attention', () => {
  it('stays while nothing happens', () => {
    expect(asking().after(3600)).toBe('rm -rf build')
  })

  it('stays while its dialog is drawn, and while that is drawn again', () => {
    const scene = asking()
    scene.prints('Allow this? [y/n]')
    expect(scene.after(1)).toBe('rm -rf build')
    scene.prints('\r\n 1. yes\r\n')
    expect(scene.after(5)).toBe('rm -rf build')
    scene.prints('\x1b[2J\x1b[HAllow this? [y/n]\r\n 1. yes\r\n')
    expect(scene.after(5)).toBe('rm -rf build')
  })

  it('stays while a terminal answers what a dialog asks of it', () => {
    const scene = asking()
    scene.isTyped()
    expect(scene.after(10)).toBe('rm -rf build')
  })

  it.each<[string, (scene: Scene) => void]>([
    ['text that is new', (scene) => scene.prints('Removing build\n')],
    ['a key', (scene) => scene.isTyped()],
    ['progress', (scene) => scene.progresses()],
  ])('is over with %s', (_, act) => {
    const scene = asking()
    scene.after(10)
    act(scene)
    expect(scene.after(1)).toBeNull()
    expect(scene.after(10)).toBeNull()
  })

  it('is over at once with progress', () => {
    const scene = asking()
    scene.progresses()
    expect(scene.after(0)).toBeNull()
  })

  it('is another one after the first is over, also in the same words', () => {
    const scene = asking()
    scene.after(10)
    scene.isTyped()
    expect(scene.after(1)).toBeNull()
    scene.asks()
    expect(scene.after(20)).toBe('rm -rf build')
  })

  it('tells until when all is over, for whoever reads the notes too', () => {
    const scene = asking()
    expect(scene.watch.look().overEpoch).toBe(0)
    scene.after(10)
    scene.isTyped()
    scene.after(1)
    expect(scene.watch.look()).toEqual({ open: null, overEpoch: 1000 })
    const next = new Scene(1000)
    next.asks()
    expect(next.after(5)).toBeNull()
  })

  it('asked anew gets time to be drawn anew', () => {
    const scene = asking()
    scene.after(10)
    scene.asks('git push')
    scene.prints('Allow git push? [y/n]')
    expect(scene.after(10)).toBe('git push')
  })
})
