/**
 * For somebody who inspects the same processes again and again: /proc/PID/stat is opened once, and read by one call from
 * then on. An open file of /proc belongs to its process, and to no later one with the same PID: it cannot be read any
 * more when the process is gone.
 *
 * An answer's `state` is new; all else of it may be as old as the file.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Inspection, ProcessInspector, ProcessView } from '../core/ports.ts'
import { parseStat } from './procfs.ts'

/** Descriptors are few in some containers. */
const MAX_OPEN = 256

type Open = {
  readonly fd: number
  /** The offset of the state's letter: behind the command's name, which may change. */
  at: number
  letter: number
  inspection: Inspection | null
}

const buffer = Buffer.alloc(4096)
const BRACKET = ')'.charCodeAt(0)
const SPACE = ' '.charCodeAt(0)
const ZOMBIE = 'Z'.charCodeAt(0)

/** Of what {@link livenessOf} asks only the state changes. A zombie may have threads, which end one by one. */
const isAsBefore = ({ at, letter }: Open): boolean =>
  buffer[at] === letter && buffer[at - 2] === BRACKET && buffer[at + 1] === SPACE && letter !== ZOMBIE

const read = (open: Open): Inspection | null => {
  const length = readSync(open.fd, buffer, 0, buffer.length, 0)
  if (isAsBefore(open)) return open.inspection
  const text = buffer.toString('latin1', 0, length)
  const stat = parseStat(text)
  open.at = text.lastIndexOf(')') + 2
  open.letter = buffer[open.at] ?? 0
  open.inspection =
    stat === null ? null : stat.isThread ? { kind: 'none' } : { kind: 'process', facts: stat.facts }
  return open.inspection
}

export class ProcessMemory {
  readonly #inspector: Pick<ProcessInspector, 'hasProcfs' | 'snapshot'>
  #before = new Map<number, Open>()
  #now = new Map<number, Open>()

  constructor(inspector: Pick<ProcessInspector, 'hasProcfs' | 'snapshot'>) {
    this.#inspector = inspector
  }

  /** Begins a round of looks. Files of processes that nobody inspected in the round before are closed. */
  snapshot(): ProcessView {
    const view = this.#inspector.snapshot()
    if (!this.#inspector.hasProcfs) return view
    for (const { fd } of this.#before.values()) closeSync(fd)
    this.#before = this.#now
    this.#now = new Map()
    return { ...view, inspect: (pid) => this.#inspect(pid) ?? view.inspect(pid) }
  }

  /** `null`: it cannot be told here. */
  #inspect(pid: number): Inspection | null {
    const open = this.#now.get(pid) ?? this.#before.get(pid) ?? this.#open(pid)
    this.#before.delete(pid)
    if (open === null) return null
    try {
      const inspection = read(open)
      this.#now.set(pid, open)
      return inspection
    } catch {
      // It has ended. Another process may have its PID by now.
      this.#now.delete(pid)
      closeSync(open.fd)
      return null
    }
  }

  #open(pid: number): Open | null {
    if (this.#now.size + this.#before.size >= MAX_OPEN) return null
    try {
      return { fd: openSync(`/proc/${pid}/stat`, 'r'), at: 0, letter: 0, inspection: null }
    } catch {
      return null
    }
  }
}
