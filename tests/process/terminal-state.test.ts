import { describe, expect, it } from 'vitest'
import { terminalState } from '../../src/process/terminal-state.ts'
import { viewOf } from '../fakes/records.ts'

/** A PID that no process has. */
const NOBODY = 99_999_999

/** This process, with a child that is named so many times and is not there. */
const stateWithGoneChild = (times: number) => {
  let left = times
  const children = (pid: number): readonly number[] => {
    if (pid !== process.pid || left === 0) return []
    left -= 1
    return [NOBODY]
  }
  return terminalState({ ...viewOf([]), children }, process.pid)
}

describe.skipIf(process.platform !== 'linux')('what the processes of a worker have written', () => {
  it('is known though one of them goes while they are looked at: it is looked again', () => {
    expect(stateWithGoneChild(2).writtenBytes).toEqual(expect.any(Number))
  })

  it('is not known where one goes at each look, or the worker has gone', () => {
    expect(stateWithGoneChild(Number.POSITIVE_INFINITY).writtenBytes).toBeNull()
    expect(terminalState(viewOf([]), NOBODY).writtenBytes).toBeNull()
  })
})
