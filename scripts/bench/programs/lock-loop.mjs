/** Takes and releases a lock so many times, and prints the milliseconds of each turn, waiting included. */
import properLockfile from 'proper-lockfile'
import { systemClock } from '../../../src/process/clock.ts'
import { waitAcquire } from '../../../src/store/kernel-lock.ts'
import { chooseLockTool } from '../../../src/store/lock-tool.ts'

const [, , kind, file, count] = process.argv
const tool = chooseLockTool(process.platform, process.env.PATH ?? '', undefined)

const KINDS = {
  ours: () => waitAcquire(file, tool, systemClock, { seconds: 600 }),
  async 'proper-lockfile'() {
    const retries = { retries: 100_000, factor: 1, minTimeout: 1, maxTimeout: 5 }
    const release = await properLockfile.lock(file, { retries, realpath: false })
    return { release }
  },
}

const main = async () => {
  const turns = []
  for (let left = Number(count); left > 0; left -= 1) {
    const started = performance.now()
    const lock = await KINDS[kind]()
    await lock.release()
    turns.push(performance.now() - started)
  }
  console.log(JSON.stringify(turns))
}

void main()
