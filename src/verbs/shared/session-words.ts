/** Words and colours that several verbs have for a session. */
import type { Style } from '../../cli/terminal.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Position } from '../../core/record.ts'
import type { State } from '../../core/verdict.ts'

export const STATE_STYLES: Readonly<Record<State, Style>> = {
  hung: 'red',
  dead: 'red',
  unknown: 'yellow',
  active: 'green',
  free: 'dim',
}

export const ago = (seconds: number | null): string => (seconds === null ? '-' : formatDuration(seconds))

export const iterationOfTotal = ({ number, total }: Position): string => `${number}/${total ?? '∞'}`
