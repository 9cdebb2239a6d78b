import type { Self } from '../core/ports.ts'

export const self: Self = {
  pid: process.pid,
  execPath: process.execPath,
  onSignal(name, handler) {
    process.on(name, handler)
  },
}
