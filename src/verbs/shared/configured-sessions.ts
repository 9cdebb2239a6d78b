/** The sessions of `engine.yaml` that `up` and `down` are asked for. */
import type { Arguments } from '../../cli/parse.ts'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../core/config.ts'
import { errors } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { printable } from '../../core/printable.ts'
import type { World } from '../../world.ts'

/** @throws LockError `configuration` without a file, or for a session that it does not have */
export const configuredSessions = async (
  world: World,
  args: Arguments,
): Promise<{ readonly config: Config; readonly names: readonly string[] }> => {
  const config = await loadConfig(world)
  if (config === null)
    throw errors.configuration(
      'engine.yaml',
      `there is none in ${printable(world.cwd)} or above it`,
      'README, "engine.yaml", shows how to name sessions in one.',
    )
  const known = [...config.sessions.keys()]
  const stranger = args.positionals.find((name) => !config.sessions.has(name))
  if (stranger !== undefined) {
    const near = nearest(stranger, known)
    throw errors.configuration(
      config.path,
      `it has no session ${JSON.stringify(printable(stranger))}${near === undefined ? '' : `; did you mean ${near}?`}`,
      `It has: ${known.join(', ')}`,
    )
  }
  return { config, names: args.positionals.length > 0 ? args.positionals : known }
}
