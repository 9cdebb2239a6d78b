import type { Config } from '../core/config.ts'
import type { World } from '../world.ts'
import { readConfigFile } from './find.ts'

/** What the nearest `engine.yaml` says; `null` when there is none. @throws LockError `configuration`, `unsafe` */
export const loadConfig = async (world: World): Promise<Config | null> => {
  const file = readConfigFile(world.cwd, process.geteuid?.())
  if (file === null) return null
  const { parseConfig } = await import('./parse.ts')
  return parseConfig(file, world)
}
