import type { Self } from '../core/ports.ts'

export const self: Self = {
  pid: process.pid,
  execPath: process.execPath,
  umask: () => process.umask(),
  onSignal(name, handler) {
    process.on(name, handler)
  },
}
