import type { Self } from '../core/ports.ts'
import { takeIgnoredSignals } from './ignored-signals.ts'

export const self: Self = {
  ignoredSignals: takeIgnoredSignals(process.env),
  pid: process.pid,
  execPath: process.execPath,
  umask: () => process.umask(),
  onSignal(name, handler) {
    process.on(name, handler)
  },
}
