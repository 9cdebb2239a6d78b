/**
 * Writes all of `bytes`, however little each call takes: a disk that is nearly full takes a part, and refuses the rest the
 * next time.
 *
 * @param write returns how many of the bytes it took; what it throws ends the loop
 */
export const writeAll = (bytes: Uint8Array, write: (rest: Uint8Array) => number): void => {
  let rest = bytes
  while (rest.length > 0) rest = rest.subarray(write(rest))
}
