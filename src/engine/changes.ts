/**
 * What an iteration changes: commits and files as git sees them, the worker's notes, and outside of git the lines that
 * its output had for the first time.
 */
import { createHash } from 'node:crypto'
import { fstatSync } from 'node:fs'
import type { Changed } from '../core/loop/changed.ts'
import { KnownLines, OutputText } from '../core/loop/output-text.ts'
import { WorkTree, type WorkTreeLook } from '../process/work-tree.ts'
import { iterationNotes } from '../store/notes.ts'
import { endOf, outputOf, readFrom } from '../store/output.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'

/** With `--max-unchanged` a look at a large repository may take its time; without it one that takes long is the last of its run. */
const NEEDED_SECONDS = 60
const UNNEEDED_SECONDS = 5
/** Of a long output, as much of its beginning and of its end. */
const TEXT_BYTES = 256 * 1024

export type IterationChanges = {
  readonly changed: Changed | null
  /** A digest of what it printed; `null` when it is not kept, or nothing. */
  readonly text: string | null
}

/** Where this program's own output goes: a file in the work tree that grows by it is no change of the worker's. */
const isOwnOutput = (device: bigint, inode: bigint): boolean =>
  [1, 2].some((fd) => {
    try {
      const { dev, ino } = fstatSync(fd, { bigint: true })
      return dev === device && ino === inode
    } catch {
      return false
    }
  })

const linesOf = (owner: Owner, generation: number, iteration: number): readonly string[] => {
  const segments = outputOf(owner.paths, generation)?.iterations.get(iteration) ?? []
  const tail = Math.max(TEXT_BYTES, endOf(segments) - TEXT_BYTES)
  const text = new OutputText()
  const take = (from: number, to: number): void => {
    let left = to - from
    for (const piece of readFrom(segments, from)) {
      if (left <= 0) return
      if (piece.kind === 'bytes') text.push(piece.bytes.subarray(0, left))
      left -= piece.kind === 'bytes' ? piece.bytes.length : piece.kind === 'gap' ? piece.size : 0
    }
  }
  take(0, TEXT_BYTES)
  take(tail, Number.POSITIVE_INFINITY)
  return text.end()
}

const digestOf = (lines: readonly string[]): string | null =>
  lines.length === 0 ? null : createHash('sha1').update(lines.join('\n')).digest('base64url')

export class Changes {
  readonly #world: World
  readonly #owner: Owner
  readonly #isNeeded: boolean
  readonly #tree: WorkTree
  readonly #known = new KnownLines()
  #isOff = false
  #before: WorkTreeLook = { kind: 'failed', reason: 'not looked at yet' }

  constructor(world: World, owner: Owner) {
    this.#world = world
    this.#owner = owner
    const { cwd, options, last_iteration: last } = owner.record
    this.#isNeeded = options.max_unchanged !== null
    // What earlier iterations of a resumed run had printed is not new.
    if (last !== null) this.#known.add(linesOf(owner, last.generation, last.iteration))
    this.#tree = new WorkTree({
      cwd,
      env: world.env,
      limitSeconds: this.#isNeeded ? NEEDED_SECONDS : UNNEEDED_SECONDS,
      ignoredDirs: [world.lockDir],
      isIgnoredFile: isOwnOutput,
    })
  }

  /** Just before an iteration. */
  async begin(): Promise<void> {
    if (!this.#isOff) this.#before = await this.#tree.look()
    if (this.#before.kind !== 'failed' || this.#isOff) return
    this.#isOff = !this.#isNeeded
    if (this.#isNeeded)
      this.#world.notify(`what this iteration changes cannot be seen: ${this.#before.reason}`)
  }

  /** When all that the iteration has printed is on the disk. @param isRecorded whether its output is kept */
  async end(isRecorded: boolean): Promise<IterationChanges> {
    const { generation, iteration } = this.#owner.record
    const notes = iterationNotes(this.#owner.paths, generation, iteration.number).length
    const lines = isRecorded ? linesOf(this.#owner, generation, iteration.number) : []
    const text = digestOf(lines)
    const added = this.#known.add(lines)
    if (this.#isOff) return { changed: null, text }
    const difference = await this.#tree.difference(this.#before, await this.#tree.look())
    if (difference === null) return { changed: null, text }
    const isOutside = this.#before.kind === 'outside'
    // Without git and without output nothing tells whether anything has changed.
    if (isOutside && !isRecorded && notes === 0) return { changed: null, text }
    return { changed: { ...difference, notes, output: isOutside ? added : 0 }, text }
  }
}
