import { errors } from '../core/errors.ts'
import type { ProcessInspector } from '../core/ports.ts'
import { procfsInspector } from './procfs.ts'

export const PROCESS_STRATEGIES = ['procfs', 'ps'] as const

/** @param forced for tests and repair: `LOCK_PROCESS_STRATEGY` */
export const systemInspector = async (
  platform: string,
  forced: string | undefined,
): Promise<ProcessInspector> => {
  const strategy = forced ?? (platform === 'linux' ? 'procfs' : 'ps')
  switch (strategy) {
    case 'procfs':
      return procfsInspector()
    case 'ps': {
      const { psInspector } = await import('./ps.ts')
      return psInspector(platform)
    }
    default:
      throw errors.usage(`LOCK_PROCESS_STRATEGY is ${strategy}; it can be ${PROCESS_STRATEGIES.join(' or ')}`)
  }
}
