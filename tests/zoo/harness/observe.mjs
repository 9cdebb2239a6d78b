/** Reads all sessions at once, cheaply: one `lock.sh status --json`, one ps. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** State letters of processes by PID; those that are not there are missing. */
export const processStates = async (pids) => {
  if (pids.length === 0) return new Map()
  // Exits with 1 when one of them is gone.
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,stat=', '-p', pids.join(',')]).catch(
    (error) => error,
  )
  return new Map(
    (stdout ?? '')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map(([pid, stat]) => [Number(pid), stat]),
  )
}

/** A zombie is gone: its parent has not waited for it yet. */
export const isAlive = (states, pid) => states.has(pid) && !states.get(pid).startsWith('Z')

/** @returns {Promise<{begun: number, at: number, reports: Map<string, object>}>} times in epoch seconds */
export const observe = async (sandbox) => {
  const begun = Date.now() / 1000
  const { code, stdout, stderr } = await sandbox.lock('status', '--json')
  if (code !== 0) throw new Error(`lock.sh status --json ended with ${code}: ${stderr}`)
  const reports = JSON.parse(stdout)
  const open = reports.filter((report) => report.pid !== null && report.ended === null)
  const states = await processStates(open.flatMap(({ pid, refresher }) => [pid, refresher?.pid ?? []].flat()))
  const lives = (pid) => isAlive(states, pid)
  const isWell = (pid) => lives(pid) && !states.get(pid).startsWith('T')
  return {
    begun,
    at: Date.now() / 1000,
    reports: new Map(
      reports.map((report) => [
        report.session,
        {
          report,
          ownerAlive: lives(report.pid),
          beater: {
            pid: report.refresher?.pid ?? null,
            isWell: isWell(report.pid) && (report.refresher === null || isWell(report.refresher.pid)),
          },
        },
      ]),
    ),
  }
}
