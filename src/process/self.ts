import type { Self } from '../core/ports.ts'
import { takeIgnoredSignals } from './ignored-signals.ts'
import { lowerOpenFiles, takeBackVariables, takeOpenFiles } from './inherited.ts'
import { takeServiceManager } from './service-manager.ts'

/** @param env of this process; what engine.sh has told in it is taken out */
export const takeSelf = (env: Record<string, string | undefined>): Self => {
  takeBackVariables(env)
  let openFiles = takeOpenFiles(env)
  return {
    serviceManager: takeServiceManager(env),
    ignoredSignals: takeIgnoredSignals(env),
    get openFiles() {
      return openFiles
    },
    async restoreLimits(run) {
      if (openFiles !== null && (await lowerOpenFiles(process.pid, openFiles, run))) openFiles = null
    },
    pid: process.pid,
    execPath: process.execPath,
    umask: () => process.umask(),
    onSignal(name, handler) {
      process.on(name, handler)
    },
  }
}
