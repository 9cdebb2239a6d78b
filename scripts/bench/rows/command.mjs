/** The whole command: start, claim, run `true`, release. */
import { join } from 'node:path'
import { goal, ratioOf } from '../numbers.mjs'
import { interleaved, timeColumns, timeLines } from '../runner.mjs'
import { engine, floor, lockDir, shellSession } from '../tools.mjs'

export const command = ({ rounds }) => {
  const dir = lockDir()
  const results = interleaved(
    {
      'engine.sh run s0 -- true': { command: [engine, 'run', 's0', '--', 'true'], env: { LOCK_DIR: dir } },
      'node -e 0': floor,
      'flock FILE true': { command: ['flock', join(dir, 'file'), 'true'] },
      'shell version': { command: [shellSession, 'run', 's0', '1', 'true'], env: { LOCK_DIR: lockDir() } },
    },
    rounds(30),
  )
  const ratio = ratioOf(results['engine.sh run s0 -- true'].wall, results['node -e 0'].wall)
  return {
    title: 'Start, claim, run `true`, release',
    tables: [{ columns: timeColumns('', 'node -e 0'), lines: timeLines(results, 'node -e 0') }],
    goals: [goal('the whole command / node -e 0', ratio, { most: 2.5 })],
    remarks: [
      '`flock` is the fastest: it excludes, and does nothing else. It keeps no record, no output, no history, and ends nothing that its owner left.',
    ],
  }
}
