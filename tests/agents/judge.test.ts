import { describe, expect, it } from 'vitest'
// @ts-expect-error: the harness is plain JavaScript, as it is run
import { Judgement } from './harness/judge.mjs'

const LIMITS = { interval: 1, stale: 3, quiet: 10, stuck: 20 }
const HOLD = 5
const REACHED_AT = 100

type Reading = [at: number, state: string, cause?: string | null, ended?: { exit_code: number }]

const judge = (wanted: string[], readings: Reading[], changes: string[]) => {
  const judgement = new Judgement({ wanted }, LIMITS, HOLD, REACHED_AT)
  const isOver = readings.some(([at, state, cause = null, ended = null]) =>
    judgement.read({ at, state, cause, ended }),
  )
  return { isOver, ...judgement.result(changes) }
}

describe('the judgement of an agent in a state', () => {
  it('calls an agent that works and reads hung a false alarm at once', () => {
    const result = judge(
      ['active'],
      [
        [101, 'active'],
        [110, 'hung', 'silent'],
      ],
      ['hung'],
    )
    expect(result).toMatchObject({ isOver: true, isRight: false, seen: 'hung', cause: 'silent', seconds: 10 })
  })

  it('watches an agent that works for longer than every limit', () => {
    expect(
      judge(
        ['active'],
        [
          [101, 'active'],
          [130, 'active'],
        ],
        [],
      ),
    ).toMatchObject({ isOver: false })
    expect(
      judge(
        ['active'],
        [
          [101, 'active'],
          [146, 'active'],
        ],
        [],
      ),
    ).toMatchObject({ isOver: true, isRight: true })
  })

  it('watches an agent that works for as long as it is asked to', () => {
    const judgement = new Judgement({ wanted: ['active'] }, { ...LIMITS, watch: 60 }, HOLD, REACHED_AT)
    const look = (at: number): boolean => judgement.read({ at, state: 'active', cause: null, ended: null })
    expect([look(146), look(159), look(161)]).toEqual([false, false, true])
  })

  it('does not count a verdict on the start that ends with the next beats', () => {
    const readings: Reading[] = [
      [101, 'hung', 'spinning'],
      [103, 'active'],
      [146, 'active'],
    ]
    expect(judge(['active'], readings, ['active-again'])).toMatchObject({ isRight: true, flaps: 0 })
  })

  it('counts every change after the first verdict', () => {
    const readings: Reading[] = [
      [101, 'active'],
      [113, 'hung', 'silent'],
      [116, 'active'],
      [119, 'hung', 'silent'],
    ]
    const result = judge(['silent'], readings, ['hung', 'active-again', 'hung'])
    expect(result).toMatchObject({ isOver: true, isRight: false, flaps: 2 })
  })

  it('wants the verdict to stay, and its cause to be right', () => {
    const readings: Reading[] = [
      [101, 'active'],
      [113, 'hung', 'silent'],
      [119, 'hung', 'silent'],
    ]
    expect(judge(['silent'], readings, ['hung'])).toMatchObject({ isOver: true, isRight: true, seconds: 13 })
    expect(judge(['repeating'], readings, ['hung'])).toMatchObject({ isRight: false })
  })

  it('misses a hang that still reads active past the bound', () => {
    expect(
      judge(
        ['silent'],
        [
          [101, 'active'],
          [176, 'active'],
        ],
        [],
      ),
    ).toMatchObject({ isOver: true, isRight: false })
  })

  it('waits for an agent that begins late to be silent', () => {
    expect(
      judge(
        ['silent'],
        [
          [160, 'active'],
          [170, 'hung', 'silent'],
          [176, 'hung', 'silent'],
        ],
        ['hung'],
      ),
    ).toMatchObject({ isOver: true, isRight: true, seconds: 70 })
  })

  it('takes an end for right only where an agent gives up', () => {
    const readings: Reading[] = [[105, 'free', null, { exit_code: 1 }]]
    expect(judge(['ended'], readings, [])).toMatchObject({ isRight: true, seen: 'ended 1' })
    expect(judge(['silent'], readings, [])).toMatchObject({ isRight: false, seen: 'ended 1' })
  })
})
