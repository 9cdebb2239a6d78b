// Two threads, two locks, taken crosswise.
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { mark } from './lib.mjs'

const memory = isMainThread ? new Int32Array(new SharedArrayBuffer(12)) : workerData
const BARRIER = 2

const lock = (index) => {
  while (Atomics.compareExchange(memory, index, 0, 1) !== 0) Atomics.wait(memory, index, 1)
}

const meet = () => {
  if (Atomics.add(memory, BARRIER, 1) === 0) Atomics.wait(memory, BARRIER, 1)
  else Atomics.notify(memory, BARRIER)
}

const [first, second] = isMainThread ? [0, 1] : [1, 0]
if (isMainThread) {
  console.log('moving an account')
  new Worker(new URL(import.meta.url), { workerData: memory })
}
lock(first)
meet()
if (isMainThread) mark()
lock(second)
