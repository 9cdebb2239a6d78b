/**
 * Whether a screen shows a menu that a person is to choose from. Pure.
 *
 * An agent may count seconds beside its permission dialog: then its text repeats like that of one that waits for its
 * model, and only the menu tells the two apart. It names a cause; by itself it is no sign of a hang.
 */

/** An option that the pointer is at: `❯ 1. Yes`. */
const POINTED = /^[\s\u2502\u2503|]*[❯›➤▶▸●◉>]\s*(?:\d+[.)]\s|(?:yes|no|allow|deny|approve)\b)/i
/** What the keys do: `↑/↓ to navigate · enter to select`. */
const KEYS =
  /\benter\b.{0,20}\b(?:select|confirm|choose|submit)\b|[↑↓]\S{0,3}.{0,20}\b(?:navigate|select|move|choose)\b/i

export const showsMenu = (rows: readonly string[]): boolean =>
  rows.some((row) => POINTED.test(row)) && rows.some((row) => KEYS.test(row))
