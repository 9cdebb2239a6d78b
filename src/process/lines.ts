/** Lines of text from a descriptor or stream; a last one without its newline is cut off, and left out. */
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** @param onEnd called once, when no more can come */
export const readLines = (
  input: Readable,
  onLine: (line: string) => void,
  onEnd: () => void = () => undefined,
): void => {
  let rest = ''
  input.setEncoding('utf8')
  input.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  input.on('error', () => input.destroy())
  input.on('close', onEnd)
}

/** @param fd a pipe or socket, read without blocking */
export const openReader = (fd: number): Readable => new Socket({ fd, readable: true, writable: false })
