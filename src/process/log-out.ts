/** What a log-out does to the processes of this user, where systemd-logind sees to that. */
import { existsSync } from 'node:fs'
import type { RunCommand } from '../core/ports.ts'

const LOGIND = [
  'org.freedesktop.login1',
  '/org/freedesktop/login1',
  'org.freedesktop.login1.Manager',
  'KillUserProcesses',
]

/** `null` where nobody can tell: no systemd, or no bus. */
export const logOutEnds = async (
  run: RunCommand,
  env: Readonly<Record<string, string | undefined>>,
  user: string,
): Promise<'all' | 'nothing' | null> => {
  const asked = await run('busctl', ['get-property', ...LOGIND], { env, seconds: 3 })
  if (!asked.ok) return null
  if (asked.stdout.trim() !== 'b true') return 'nothing'
  const { ok, stdout } = await run('loginctl', ['show-user', user, '--property=Linger', '--value'], {
    env,
    seconds: 3,
  })
  const lingers = ok ? stdout.trim() === 'yes' : existsSync(`/var/lib/systemd/linger/${user}`)
  return lingers ? 'nothing' : 'all'
}
