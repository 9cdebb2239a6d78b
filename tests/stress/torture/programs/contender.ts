/**
 * A contender that takes a lock through its modules, again and again, until it is killed. In its tenure it runs
 * through some critical sections and is its own witness (see journal.ts).
 *
 * usage: contender PROTOCOL RUN      environment: STRESS_DIR, LOCK_DIR
 */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { lockHolders } from '../../lib/machine.ts'
import { type What, writeEntry } from '../journal.ts'
import { PROTOCOLS, type Tenure } from '../protocols.ts'

const dir = process.env.STRESS_DIR ?? ''
const [, , protocol = '', run = ''] = process.argv
const journal = openSync(join(dir, 'journal'), 'a')
const witness = join(dir, 'witness')

const cell = new Int32Array(new SharedArrayBuffer(4))
const pause = (milliseconds: number): void => void Atomics.wait(cell, 0, 0, milliseconds)
const random = (limit: number): number => Math.floor(Math.random() * limit)

/** Nobody takes longer to die, also on a busy machine; where /proc does not show who holds a lock, this tells. */
const DYING_MS = 30_000

/** The second kernel lock. @returns its descriptor, and whether somebody alive was met in it */
const takeWitness = (): { readonly fd: number; readonly met: boolean } => {
  const fd = openSync(witness, 'a')
  const deadline = performance.now() + DYING_MS
  for (;;) {
    const { status } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'inherit', fd] })
    if (status === 0) return { fd, met: false }
    if (lockHolders(witness).length > 0 || performance.now() > deadline) return { fd, met: true }
  }
}

const work = (tenure: Tenure, who: string): void => {
  const { generation } = tenure
  const say = (iteration: number, what: What): void => {
    writeSync(journal, writeEntry({ who, generation, iteration, what }))
  }
  const { fd, met } = takeWitness()
  try {
    const sections = 1 + random(80)
    if (met) say(1, 'held')
    for (let iteration = 1; iteration <= sections; iteration += 1) {
      tenure.begin(iteration)
      say(iteration, 'enter')
      pause(random(3))
      say(iteration, 'step')
      if (!tenure.isIntact(iteration)) say(iteration, 'lost')
      say(iteration, 'leave')
    }
    say(sections, 'end')
  } finally {
    closeSync(fd)
  }
}

const main = async (): Promise<void> => {
  const acquire = PROTOCOLS[protocol as keyof typeof PROTOCOLS]
  for (let count = 1; ; count += 1) {
    const tenure = await acquire(dir)
    if (tenure !== null) {
      work(tenure, `${run}.${count}`)
      await tenure.release()
    }
    await new Promise((resolve) => setTimeout(resolve, random(30)))
  }
}

main().catch((error: unknown) => {
  writeSync(journal, writeEntry({ who: run, generation: 0, iteration: 0, what: 'error' }))
  writeFileSync(join(dir, `error-${run}.txt`), String(error instanceof Error ? error.stack : error))
  process.exit(1)
})
