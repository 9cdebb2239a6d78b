import { describe, expect, it } from 'vitest'
import { writeAll } from '../../src/core/write-all.ts'

describe('writeAll', () => {
  it('goes on where a call has stopped, also one that took nothing', () => {
    const taken: number[] = []
    const amounts = [2, 0, 3, 99]
    writeAll(Uint8Array.from([1, 2, 3, 4, 5, 6]), (rest) => {
      const part = rest.subarray(0, amounts.shift())
      taken.push(...part)
      return part.length
    })
    expect(taken).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('ends with the error of a call', () => {
    expect(() =>
      writeAll(Uint8Array.of(1), () => {
        throw new Error('full')
      }),
    ).toThrow('full')
  })

  it('writes nothing of nothing', () => {
    writeAll(new Uint8Array(), () => {
      throw new Error('it was called')
    })
  })
})
