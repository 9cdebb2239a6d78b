/** What gives a terminal back as a shell expects it, after a program that has left it otherwise. Pure. */

/** What tmux tells of a pane's screen. */
export type ScreenModes = {
  readonly isAlternate: boolean
  /** The cursor is hidden, the mouse is reported, lines do not wrap, or not all of the screen scrolls, and the like. */
  readonly isOdd: boolean
}

const ESC = '\x1b'

/** Modes that programs set with `h`, and shells and plain output do not expect: 66 is the keypad, 1004 focus, 2004 paste. */
const SET_MODES = [1, 9, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031, 2048]

/**
 * Leaves the alternate screen. Off it already, that would put the cursor where it was saved last. tmux keeps that place
 * for good, so it is sent only when its pane is there; other terminals take the place saved just before.
 */
const toMainScreen = (modes: ScreenModes | null): string =>
  modes === null ? `${ESC}7${ESC}[?1049l` : modes.isAlternate ? `${ESC}[?1049l` : ''

/**
 * @param modes of the screen; `null` when nobody tells
 * @returns colours, character set, screen, cursor, mouse, keyboard protocols, insert mode, wrapping and scroll region as at
 *   the start; the cursor stays where it is
 */
export const resetSequence = (modes: ScreenModes | null): string =>
  [
    `${ESC}[0m${ESC}(B\x0f`,
    toMainScreen(modes),
    `${ESC}[0m${ESC}(B\x0f`,
    SET_MODES.map((mode) => `${ESC}[?${mode}l`).join(''),
    `${ESC}[?25h${ESC}[0 q${ESC}[?7h${ESC}[4l${ESC}[20l${ESC}>`,
    // The keyboard protocols of kitty and xterm.
    `${ESC}[<99u${ESC}[=0;1u${ESC}[>4m`,
    // To set the region moves the cursor.
    `${ESC}7${ESC}[r${ESC}8`,
  ].join('')
