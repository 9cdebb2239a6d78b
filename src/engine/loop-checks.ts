/** What a loop's rules need, looked at before the run starts: what is missing then is an error, and not a failed night. */
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import type { RunOptions } from '../core/run-options.ts'
import { WorkTree } from '../process/work-tree.ts'
import { checkInput } from '../store/input-file.ts'
import type { World } from '../world.ts'

const CHECK_SECONDS = 60

/** @throws LockError `usage` when it is no command for sh */
const checkSyntax = async (world: World, option: string, command: string): Promise<void> => {
  const { ok, stderr } = await world.run('sh', ['-n', '-c', command], { env: world.env, seconds: 10 })
  if (ok) return
  throw errors.usage(
    `${option} is no command for sh: ${printable(stderr.split('\n')[0] ?? '')}`,
    `It is run as  sh -c ${JSON.stringify(printable(command))}`,
  )
}

/** @throws LockError `missing` */
const checkGit = async (world: World, cwd: string): Promise<void> => {
  const look = await new WorkTree({
    cwd,
    env: world.env,
    limitSeconds: CHECK_SECONDS,
    ignoredDirs: [],
    isIgnoredFile: () => false,
  }).look()
  if (look.kind === 'no-git') throw errors.noGit()
  if (look.kind === 'failed') throw errors.gitFailed(printable(look.reason))
}

/** @throws LockError `usage` or `missing` */
export const checkLoop = async (
  world: World,
  { cwd, options }: { readonly cwd: string; readonly options: RunOptions },
): Promise<void> => {
  const { stdin, until, on_iteration, notify, max_unchanged } = options
  if (stdin !== null) checkInput(stdin, cwd)
  if (until !== null) await checkSyntax(world, '--until', until)
  if (on_iteration !== null) await checkSyntax(world, '--on-iteration', on_iteration)
  if (notify !== null) await checkSyntax(world, '--notify', notify)
  if (max_unchanged !== null) await checkGit(world, cwd)
}
