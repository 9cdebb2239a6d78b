import { describe, expect, it } from 'vitest'
import { Circulation, type Moved } from '../../src/core/circulation.ts'

const CALLS = 4
const moved = (read: number, written: number, calls = CALLS): Moved => ({ read, written, calls })
const answers = (...samples: readonly Moved[]): readonly boolean[] => {
  const circulation = new Circulation()
  return samples.map((sample) => circulation.isEven(sample))
}

describe('bytes of processes that talk to each other', () => {
  it('go round when all that is written is read', () => {
    expect(answers(moved(46, 46), moved(46, 46))).toEqual([true, true])
  })

  it('go round when some are on their way at a sample, and arrive in the next one', () => {
    expect(answers(moved(46, 46), moved(33, 66), moved(59, 26), moved(46, 46))).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  it('do not when more is written than read, or read than written', () => {
    const loses = moved(46, 75)
    expect(answers(moved(46, 46), loses, loses, loses)).toEqual([true, true, false, false])
    const gains = moved(75, 46)
    expect(answers(moved(46, 46), gains, gains, gains)).toEqual([true, true, false, false])
  })

  it('do not when something is written once, and nothing goes round', () => {
    expect(answers(moved(0, 0), moved(0, 30))).toEqual([false, false])
    expect(answers(moved(46, 46), moved(0, 0), moved(0, 30))).toEqual([true, false, false])
  })

  it('go round beside events of threads, of which several are read at once', () => {
    expect(answers(moved(46, 46 + 8 * 5, 12), moved(46, 46 + 8 * 3, 12))).toEqual([true, true])
    expect(answers(moved(46, 46 + 8 * 50, 12))).toEqual([false])
  })
})
