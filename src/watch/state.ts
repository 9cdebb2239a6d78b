/**
 * The table that a person looks at, and what each key does. Pure: a key gives the next state, and perhaps an effect that
 * somebody else carries out.
 *
 * | mode      | keys                                                                                 |
 * | --------- | ------------------------------------------------------------------------------------ |
 * | table     | all of {@link KEYS}                                                                  |
 * | filter    | text; Enter keeps it, Escape drops it                                                |
 * | confirm   | y does it, everything else does not                                                  |
 * | pages     | why, logs, history, help: moves, and Escape or q back to the table                   |
 */
import { inOrder, type Row } from './row.ts'

/** A key as node:readline names it; `text` of one that writes something. */
export type Key = { readonly name: string; readonly text: string }

export type Verb = 'why' | 'logs' | 'history'
export type Action = 'interrupt' | 'stop' | 'force' | 'reap'

export type Effect =
  | { readonly kind: 'none' | 'quit' | 'suspend' | 'help' }
  | { readonly kind: 'attach'; readonly session: string }
  | { readonly kind: 'open'; readonly verb: Verb; readonly session: string }
  | { readonly kind: 'act'; readonly action: Action; readonly session: string }

export type Mode =
  | { readonly kind: 'table' | 'filter' }
  | { readonly kind: 'confirm'; readonly action: Action; readonly session: string }
  | { readonly kind: 'page'; readonly title: string; readonly lines: readonly string[]; readonly top: number }

export type Preview = {
  readonly session: string
  /** Where the lines are from, for people. */
  readonly source: string
  readonly lines: readonly string[]
}

export type WatchState = {
  readonly mode: Mode
  /** All of them, in the order in which they are shown. */
  readonly rows: readonly Row[]
  readonly selected: string | null
  readonly filter: string
  /** By session: until when its change is marked, of the monotonic clock. */
  readonly marks: ReadonlyMap<string, number>
  readonly preview: Preview | null
  /** What the last action has said, and until when it is shown. */
  readonly message: { readonly text: string; readonly until: number } | null
  /** Why the sessions cannot be seen. */
  readonly problem: string | null
  /** The lock directory was there, and is not any more. */
  readonly isGone: boolean
  /** Before the first look nothing is known to be new. */
  readonly hasLooked: boolean
}

export const FIRST_STATE: WatchState = {
  mode: { kind: 'table' },
  rows: [],
  selected: null,
  filter: '',
  marks: new Map(),
  preview: null,
  message: null,
  problem: null,
  isGone: false,
  hasLooked: false,
}

export const MARK_SECONDS = 5
const MESSAGE_SECONDS = 10

const matches = (row: Row, filter: string): boolean =>
  `${row.session} ${row.label} ${row.state} ${row.reason}`.toLowerCase().includes(filter.toLowerCase())

export const shownRows = ({ rows, filter }: WatchState): readonly Row[] =>
  filter === '' ? rows : rows.filter((row) => matches(row, filter))

export const selectedRow = (state: WatchState): Row | undefined =>
  shownRows(state).find(({ session }) => session === state.selected)

/** The selected session stays selected wherever it moves to; for one that has gone it is the one in its place. */
const withSelection = (state: WatchState, before: readonly Row[]): WatchState => {
  const rows = shownRows(state)
  if (rows.some(({ session }) => session === state.selected)) return state
  const index = before.findIndex(({ session }) => session === state.selected)
  const next = rows[Math.min(Math.max(0, index), rows.length - 1)]
  return { ...state, selected: next?.session ?? null }
}

const marksOf = (state: WatchState, rows: readonly Row[], now: number): WatchState['marks'] => {
  const before = new Map(state.rows.map((row) => [row.session, row.change]))
  const marks = rows.flatMap(({ session, change }): readonly (readonly [string, number])[] => {
    if (state.hasLooked && before.get(session) !== change) return [[session, now + MARK_SECONDS]]
    const until = state.marks.get(session)
    return until === undefined || until <= now ? [] : [[session, until]]
  })
  return new Map(marks)
}

/** @param now of the monotonic clock */
export const seen = (state: WatchState, found: readonly Row[], now: number): WatchState => {
  const rows = inOrder(found)
  const message = state.message !== null && state.message.until > now ? state.message : null
  const marks = marksOf(state, rows, now)
  const next = { ...state, rows, marks, message, problem: null, hasLooked: true }
  return withSelection(next, shownRows(state))
}

export const said = (state: WatchState, text: string, now: number): WatchState => ({
  ...state,
  message: { text, until: now + MESSAGE_SECONDS },
})

export const opened = (state: WatchState, title: string, lines: readonly string[]): WatchState => ({
  ...state,
  mode: { kind: 'page', title, lines, top: 0 },
})

export const KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ['↑ ↓ k j', 'select a session'],
  ['PgUp PgDn g G', 'move by a page; to the first, to the last'],
  ['Enter', 'attach to its pane; detach to come back'],
  ['/', 'filter by name, state, reason; Escape ends it'],
  ['w', 'why: the diagnosis'],
  ['l', 'logs: the last lines of its output'],
  ['h', 'history: its iterations and events'],
  ['i', 'interrupt: end this iteration (asks first)'],
  ['s', 'stop: end the run in order (asks first)'],
  ['f', 'force: take it over, continue it (asks first)'],
  ['r', 'reap: end what a dead one left (asks first)'],
  ['?', 'this help'],
  ['q', 'quit'],
]

const NONE: Effect = { kind: 'none' }
type Pressed = readonly [WatchState, Effect]

const VERBS: Readonly<Record<string, Verb>> = { w: 'why', l: 'logs', h: 'history' }
const ACTIONS: Readonly<Record<string, Action>> = { i: 'interrupt', s: 'stop', f: 'force', r: 'reap' }

/** Rows by which a key moves; `null` when it does not. @param page rows that are shown at once */
const movement = ({ name, text }: Key, page: number): number | null => {
  if (name === 'up' || text === 'k') return -1
  if (name === 'down' || text === 'j') return 1
  if (name === 'pageup') return -page
  if (name === 'pagedown' || text === ' ') return page
  if (name === 'home' || text === 'g') return Number.NEGATIVE_INFINITY
  if (name === 'end' || text === 'G') return Number.POSITIVE_INFINITY
  return null
}

const clamp = (value: number, most: number): number => Math.max(0, Math.min(value, most))

const moved = (state: WatchState, by: number): WatchState => {
  const rows = shownRows(state)
  const index = rows.findIndex(({ session }) => session === state.selected)
  return { ...state, selected: rows[clamp(index + by, rows.length - 1)]?.session ?? null }
}

/** Why an action has nothing to do; `null` when it has. */
const refusal = (action: Action, { session, state, ownerAlive, label }: Row): string | null => {
  if (action === 'reap')
    return state === 'dead' ? null : `${session} is ${label}: only dead sessions are reaped`
  if (action === 'force')
    return state === 'free' ? `${session} does not run: engine.sh run ${session} starts it` : null
  return ownerAlive === true ? null : `${session} is ${label}: there is nothing to ${action}`
}

const asked = (state: WatchState, action: Action, row: Row, now: number): WatchState => {
  const reason = refusal(action, row)
  if (reason !== null) return said(state, reason, now)
  return { ...state, mode: { kind: 'confirm', action, session: row.session } }
}

const pressedInTable = (state: WatchState, key: Key, { page, now }: Moment): Pressed => {
  const { text, name } = key
  if (text === 'q') return [state, { kind: 'quit' }]
  if (text === '/') return [{ ...state, mode: { kind: 'filter' } }, NONE]
  if (text === '?') return [state, { kind: 'help' }]
  if (name === 'escape' && state.filter !== '')
    return [withSelection({ ...state, filter: '' }, shownRows(state)), NONE]
  const by = movement(key, page)
  if (by !== null) return [moved(state, by), NONE]
  const row = selectedRow(state)
  if (row === undefined) return [state, NONE]
  const { session } = row
  if (name === 'return' || name === 'enter') return [state, { kind: 'attach', session }]
  const verb = VERBS[text]
  if (verb !== undefined) return [state, { kind: 'open', verb, session }]
  const action = ACTIONS[text]
  return [action === undefined ? state : asked(state, action, row, now), NONE]
}

const pressedInFilter = (state: WatchState, { name, text }: Key): Pressed => {
  const to = (filter: string, kind: 'table' | 'filter'): Pressed => [
    withSelection({ ...state, filter, mode: { kind } }, shownRows(state)),
    NONE,
  ]
  if (name === 'return' || name === 'enter') return to(state.filter, 'table')
  if (name === 'escape') return to('', 'table')
  if (name === 'backspace') return to([...state.filter].slice(0, -1).join(''), 'filter')
  return text === '' ? [state, NONE] : to(state.filter + text, 'filter')
}

const pressedInPage = (
  state: WatchState,
  mode: Extract<Mode, { kind: 'page' }>,
  key: Key,
  { page }: Moment,
): Pressed => {
  if (key.name === 'escape' || key.text === 'q' || key.text === '?')
    return [{ ...state, mode: { kind: 'table' } }, NONE]
  const by = movement(key, page)
  if (by === null) return [state, NONE]
  const top = clamp(mode.top + by, Math.max(0, mode.lines.length - page))
  return [{ ...state, mode: { ...mode, top } }, NONE]
}

export type Moment = {
  /** Rows that are shown at once. */
  readonly page: number
  /** Of the monotonic clock. */
  readonly now: number
}

/** Ctrl-C and Ctrl-Z are the same everywhere. */
export const press = (state: WatchState, key: Key, moment: Moment): Pressed => {
  if (key.name === 'ctrl-c') return [state, { kind: 'quit' }]
  if (key.name === 'ctrl-z') return [state, { kind: 'suspend' }]
  const { mode } = state
  switch (mode.kind) {
    case 'table':
      return pressedInTable(state, key, moment)
    case 'filter':
      return pressedInFilter(state, key)
    case 'page':
      return pressedInPage(state, mode, key, moment)
    case 'confirm': {
      const next: WatchState = { ...state, mode: { kind: 'table' } }
      if (key.text !== 'y' && key.text !== 'Y') return [said(next, 'nothing was done', moment.now), NONE]
      return [next, { kind: 'act', action: mode.action, session: mode.session }]
    }
  }
}
