/** Keeps the refresher small: V8 lets garbage grow for as long as there is memory, and there may be hundreds of refreshers. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** In ticks; some kilobytes each. To collect takes some milliseconds. */
const COLLECT_EVERY = 100

/** `null` where V8 has no such thing to ask for. */
const collector = (): (() => void) | null => {
  try {
    setFlagsFromString('--expose-gc')
    return runInNewContext('gc') as () => void
  } catch {
    return null
  }
}

/** @returns `tick`, with what it leaves collected now and then */
export const withPeriodicGc = (tick: () => void): (() => void) => {
  const collect = collector()
  let ticks = 0
  return () => {
    tick()
    ticks += 1
    if (ticks % COLLECT_EVERY === 0) collect?.()
  }
}
