/** Runs one short program to its end. */
import { execFile } from 'node:child_process'

const TIMEOUT_MILLISECONDS = 60_000

/** @returns {Promise<{code: number|string, stdout: string, stderr: string}>} never rejects */
export const run = (program, args, options = {}) =>
  new Promise((resolve) => {
    const settings = { timeout: TIMEOUT_MILLISECONDS, maxBuffer: 16 * 1024 * 1024, ...options }
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr })
    })
    child.stdin?.end()
  })

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
