import { errors } from './errors.ts'
import { printable } from './printable.ts'

const UNIT_BYTES = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const

/**
 * Reads `4096`, `512K`, `64M`, `2G` (powers of 1024, either case, an optional `B` or `iB`).
 *
 * @returns bytes
 * @throws LockError `usage` naming the option
 */
export const parseSize = (text: string, option: string): number => {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text)
  const bytes = match
    ? Math.floor(Number(match[1]) * UNIT_BYTES[(match[2] ?? '').toUpperCase() as keyof typeof UNIT_BYTES])
    : Number.NaN
  if (!(bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER)) {
    throw errors.usage(
      `${option} takes a size, not ${JSON.stringify(printable(text))}`,
      'Sizes: 4096, 512K, 64M, 2G.',
    )
  }
  return bytes
}

/** The shortest text that `parseSize` reads as exactly these bytes: `4095`, `64M`. */
export const formatExactSize = (bytes: number): string => {
  const units = ['T', 'G', 'M', 'K'] as const
  const unit = units.find((one) => bytes % UNIT_BYTES[one] === 0) ?? ''
  return `${bytes / UNIT_BYTES[unit]}${unit}`
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** For people: `812 B`, `1.2 MB`, `64 MB`, in the same powers of 1024. Takes bytes. */
export const formatSize = (bytes: number): string => {
  let value = bytes
  let unit = 0
  // What would be shown as 1000 or more is less than one of the next.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  // Number.toFixed takes as long as the rest of a table's row.
  const tenths = Math.round(value * 10)
  const number =
    tenths % 10 === 0 || tenths >= 1000 ? Math.round(value) : `${Math.floor(tenths / 10)}.${tenths % 10}`
  return `${number} ${UNITS[unit]}`
}
