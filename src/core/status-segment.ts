/** All sessions in one short text, for a status line. Pure. */
import { troubleSeconds, urgentOnes, type Watched } from './urgency.ts'
import type { Now, State } from './verdict.ts'

/** One column each, and told apart without colour. */
export const STATE_SYMBOLS: Readonly<Record<State, string>> = {
  active: '●',
  hung: '◌',
  dead: '✗',
  unknown: '?',
  free: '○',
}

export const ATTENTION_SYMBOL = '!'

/** What is free is not shown. */
const SHOWN = [
  STATE_SYMBOLS.active,
  STATE_SYMBOLS.hung,
  STATE_SYMBOLS.dead,
  STATE_SYMBOLS.unknown,
  ATTENTION_SYMBOL,
]

export const symbolOf = ({ attention, verdict }: Watched): string =>
  attention === null ? STATE_SYMBOLS[verdict.state] : ATTENTION_SYMBOL

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
] as const

/** `12m`: whole units only. */
export const coarseDuration = (seconds: number): string => {
  const [size, unit] = UNITS.find(([one]) => seconds >= one) ?? [1, 's']
  return `${Math.floor(seconds / size)}${unit}`
}

/** `2● 1◌`; `''` when all are free. @param symbols one for each session */
export const statusCounts = (symbols: readonly string[]): string =>
  SHOWN.map((symbol) => [symbol, symbols.filter((one) => one === symbol).length] as const)
    .flatMap(([symbol, count]) => (count === 0 ? [] : [`${count}${symbol}`]))
    .join(' ')

/**
 * `2● 1◌ docs 12m`: how many there are of each kind, then who needs a person most, and for how long already.
 *
 * @param sessions looked at one after the other; there may be ten thousand
 */
export const statusSegment = (sessions: Iterable<Watched>, now: Now): string => {
  const symbols: string[] = []
  let first: Watched | undefined
  for (const session of sessions) {
    symbols.push(symbolOf(session))
    first = urgentOnes(first === undefined ? [session] : [first, session], now)[0]
  }
  const counts = statusCounts(symbols)
  if (first === undefined) return counts
  const seconds = troubleSeconds(first, now)
  return [counts, first.session, ...(seconds === null ? [] : [coarseDuration(seconds)])].join(' ')
}
