/**
 * Text from records, file names and command lines on its way to a terminal.
 *
 * Control characters (C0, DEL, C1), line and paragraph separators, and the bidirectional overrides that
 * reorder what is read (CVE-2021-42574) become visible escapes: nothing in a record can move the cursor.
 */
export const printable = (text: string): string =>
  // Nearly every text is plain, and the first use of the classes below takes half a millisecond.
  /^[ -~]*$/.test(text)
    ? text
    : text.replace(
        /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu,
        escapeOne,
      )

const escapeOne = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** For our own messages, which may have several lines, with texts of others in them. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')

/** An option may have a `=`; in front of a command a word with one would be an assignment. */
const PLAIN_WORD = /^(?:-[\w@%+=:,./-]*|[\w@%+:,./-]+)$/

/** One line that a POSIX shell would read back as these words, safe to print. */
export const shellQuote = (words: readonly string[]): string =>
  words
    .map((word) => (PLAIN_WORD.test(word) ? word : `'${printable(word).replaceAll("'", `'\\''`)}'`))
    .join(' ')
