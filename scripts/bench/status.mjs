/** What it costs to ask. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, lock, lockDir, reportRatio, withSession } from './tools.mjs'

export const status = async () => {
  const dir = lockDir()
  await withSession(dir, [], () => {
    const pair = compare(
      { command: [lock, 'status', 's0'], env: { LOCK_DIR: dir } },
      { command: [process.execPath, '-e', '0'] },
      40,
    )
    reportRatio('lock.sh status, one session / node -e 0', pair, '1.25 x')
  })
}

export const thousand = async () => {
  const one = lockDir()
  const many = lockDir()
  await withSession(one, [], (record) => {
    writeFileSync(join(many, 's0.json'), JSON.stringify(record, null, 1))
    for (let n = 1; n < 1000; n += 1) {
      writeFileSync(join(many, `s${n}.json`), JSON.stringify({ ...record, session: `s${n}` }, null, 1))
    }
    const pair = compare(
      { command: [lock, 'status'], env: { LOCK_DIR: many } },
      { command: [lock, 'status'], env: { LOCK_DIR: one } },
      30,
    )
    reportRatio('lock.sh status, 1000 sessions / one', pair, '2.5 x')
  })
}
