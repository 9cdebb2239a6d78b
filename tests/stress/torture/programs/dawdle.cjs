/**
 * A preload (`node --require`) that makes a program dawdle between the steps of its protocol: now and then a call to
 * the file system, or the start of a process, waits a moment before or after. That is where a preempted, swapped out
 * or stopped process would stand.
 */
const fs = require('node:fs')
const childProcess = require('node:child_process')

const dir = process.env.STRESS_DIR ?? '/nowhere'
const PROBABILITY = Number(process.env.STRESS_DAWDLE ?? 0.04)
const MEAN_MS = 6

const moment = () => Math.min(80, -Math.log(1 - Math.random()) * MEAN_MS)
const cell = new Int32Array(new SharedArrayBuffer(4))
const dawdle = () => {
  if (Math.random() < PROBABILITY) Atomics.wait(cell, 0, 0, moment())
}
/** Descriptors too: what has been opened in the directory is written, synced and compared by number. */
const concerns = (target) =>
  typeof target === 'number' || (typeof target === 'string' && target.startsWith(dir))

const SYNC = [
  'openSync',
  'closeSync',
  'fstatSync',
  'lstatSync',
  'statSync',
  'readSync',
  'writeSync',
  'writeFileSync',
  'readFileSync',
  'fsyncSync',
  'renameSync',
  'mkdirSync',
  'unlinkSync',
  'readdirSync',
]
for (const name of SYNC) {
  const original = fs[name]
  fs[name] = (...args) => {
    if (!concerns(args[0])) return original.apply(fs, args)
    dawdle()
    try {
      return original.apply(fs, args)
    } finally {
      dawdle()
    }
  }
}

for (const name of ['mkdir', 'rmdir', 'stat', 'utimes', 'realpath']) {
  const original = fs[name]
  fs[name] = Object.assign((...args) => {
    const callback = args.at(-1)
    if (!concerns(args[0]) || typeof callback !== 'function' || Math.random() >= PROBABILITY) {
      return original.apply(fs, args)
    }
    setTimeout(
      () =>
        original.apply(fs, [...args.slice(0, -1), (...answer) => setTimeout(callback, moment(), ...answer)]),
      moment(),
    )
  }, original)
}

const { spawnSync } = childProcess
childProcess.spawnSync = (...args) => {
  dawdle()
  try {
    return spawnSync(...args)
  } finally {
    dawdle()
  }
}
