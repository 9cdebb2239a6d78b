import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { readLines } from '../../src/process/lines.ts'

it('gives whole lines however they arrive, and tells the end once', async () => {
  const input = new PassThrough()
  const lines: string[] = []
  const ended = new Promise<void>((resolve) => readLines(input, (line) => lines.push(line), resolve))
  for (const piece of ['{"a', '":1}\n{"b":2}\n', '\n', 'é'.repeat(3), '\ncut of']) input.write(piece)
  input.end()
  await ended
  expect(lines).toEqual(['{"a":1}', '{"b":2}', '', 'ééé'])
})
