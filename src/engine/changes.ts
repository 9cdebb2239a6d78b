/**
 * What an iteration changes: commits and files as git sees them, the worker's notes, and outside of git the lines that
 * its output had for the first time.
 */
import { fstatSync } from 'node:fs'
import type { Changed } from '../core/loop/changed.ts'
import { KnownLines, OutputText } from '../core/loop/output-text.ts'
import { createHash } from '../process/hash.ts'
import { WorkTree, type WorkTreeChange, type WorkTreeLook } from '../process/work-tree.ts'
import { iterationNotes } from '../store/notes.ts'
import { endOf, outputOf, readFrom } from '../store/output.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'
import type { OutputSizes } from './recording.ts'

/** With `--max-unchanged` a look at a large repository may take its time. */
const NEEDED_SECONDS = 60
/** Without it an iteration does not wait for long, and a run that had to wait so often looks no more. */
const UNNEEDED_SECONDS = 1
const MAX_LATE_LOOKS = 2
/** For each of the two questions about new commits. */
const DIFFERENCE_SECONDS = 5
/** What an iteration has left is what the next one finds, when that begins at once. */
const FRESH_SECONDS = 0.5
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

/** A look that goes on while other things are done. */
type Look = {
  readonly result: Promise<WorkTreeLook>
  readonly isWanted: AbortController
  /** Of the monotonic clock; `null` while it goes on. */
  ended: number | null
}

/** `late`: it was not waited for any longer. */
type Seen = WorkTreeLook | { readonly kind: 'late' }

export class Changes {
  readonly #world: World
  readonly #owner: Owner
  readonly #isNeeded: boolean
  readonly #tree: WorkTree
  readonly #known = new KnownLines()
  readonly #over = new AbortController()
  #isOff = false
  /** In a row. */
  #lateLooks = 0
  #before: Seen = { kind: 'late' }
  /** Begun when the worker of this iteration had ended. */
  #after: Look | null = null
  /** One that the next iteration can begin with. */
  #early: Look | null

  /** Begins to look: the rest of the start takes about as long. */
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
      limitSeconds: this.#isNeeded ? NEEDED_SECONDS : DIFFERENCE_SECONDS,
      ignoredDirs: [world.lockDir],
      isIgnoredFile: isOwnOutput,
    })
    this.#early = this.#startLook()
  }

  /** Just before an iteration: what the worker then does is not to be in this look. */
  async begin(): Promise<void> {
    if (this.#isOff) return
    const early = this.#early
    this.#early = null
    this.#before = await this.#seenBy(early !== null && this.#isFresh(early) ? early : this.#startLook())
    if (this.#before.kind === 'failed') this.#cannotSee(this.#before.reason)
    if (this.#before.kind === 'late' && this.#isNeeded)
      this.#cannotSee(`git did not answer within ${NEEDED_SECONDS}s`)
  }

  /** The worker has ended: the look goes on while its output is still on the way to the disk. */
  workerEnded(): void {
    if (!this.#isOff && !this.#over.signal.aborted) this.#after = this.#startLook()
  }

  /** When all that the iteration has printed is on the disk. @param output `null`: it is not kept */
  async end(output: OutputSizes | null): Promise<IterationChanges> {
    const { generation, iteration } = this.#owner.record
    const notes = iterationNotes(this.#owner.paths, generation, iteration.number).length
    const isRecorded = output !== null
    const lines = isRecorded && output.bytes > 0 ? linesOf(this.#owner, generation, iteration.number) : []
    const text = digestOf(lines)
    const added = this.#known.add(lines)
    const difference = this.#isOff ? null : await this.#difference()
    if (difference === null) return { changed: null, text }
    const isOutside = this.#before.kind === 'outside'
    // Without git and without output nothing tells whether anything has changed.
    if (isOutside && !isRecorded && notes === 0) return { changed: null, text }
    return { changed: { ...difference, notes, output: isOutside ? added : 0 }, text }
  }

  /** Others may change something now; it is not the next iteration's doing. */
  forget(): void {
    this.#early?.isWanted.abort()
    this.#early = null
  }

  /** Nobody asks any more. */
  close(): void {
    this.#over.abort()
    this.#after?.isWanted.abort()
    this.forget()
  }

  async #difference(): Promise<WorkTreeChange | null> {
    const look = this.#after ?? this.#startLook()
    this.#after = null
    const after = await this.#seenBy(look)
    const { until, on_iteration } = this.#owner.record.options
    if (until === null && on_iteration === null) this.#early = look
    if (this.#before.kind === 'late' || after.kind === 'late') return null
    return this.#tree.difference(this.#before, after)
  }

  #startLook(): Look {
    const isWanted = new AbortController()
    const result = this.#tree.look(isWanted.signal)
    const look: Look = { result, isWanted, ended: null }
    void result.then(() => {
      look.ended = this.#world.clock.monotonic()
    })
    return look
  }

  #isFresh({ ended, isWanted }: Look): boolean {
    if (isWanted.signal.aborted) return false
    return ended === null || this.#world.clock.monotonic() - ended < FRESH_SECONDS
  }

  async #seenBy(look: Look): Promise<Seen> {
    const seen = look.ended === null ? await this.#within(look.result) : await look.result
    if (seen.kind === 'late') look.isWanted.abort()
    this.#lateLooks = seen.kind === 'late' ? this.#lateLooks + 1 : 0
    if (this.#lateLooks >= MAX_LATE_LOOKS) this.#isOff = !this.#isNeeded
    return seen
  }

  async #within(result: Promise<WorkTreeLook>): Promise<Seen> {
    const timer = new AbortController()
    const seconds = this.#isNeeded ? NEEDED_SECONDS : UNNEEDED_SECONDS
    const late = this.#world.clock.sleep(seconds, timer.signal).then(() => ({ kind: 'late' }) as const)
    const seen = await Promise.race([result, late])
    timer.abort()
    return seen
  }

  /** Without `--max-unchanged` there is nobody to tell, and it will not be better the next time. */
  #cannotSee(reason: string): void {
    this.#isOff = !this.#isNeeded
    if (this.#isNeeded) this.#world.notify(`what this iteration changes cannot be seen: ${reason}`)
  }
}
