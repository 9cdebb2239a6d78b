import type { StandardStream, Terminal } from '../core/ports.ts'

const streamOf = (fd: StandardStream) => [process.stdin, process.stdout, process.stderr][fd]

export const standardStreams: Terminal = {
  isTerminal: (fd) => streamOf(fd)?.isTTY === true,
  size: () => (process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : null),
}
