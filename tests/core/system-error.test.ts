import { describe, expect, it } from 'vitest'
import { errors } from '../../src/core/errors.ts'
import { codeOf, hasCode, messageOf, shortReason, traceOf } from '../../src/core/system-error.ts'

const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })

describe('an error of the system', () => {
  it('has a code', () => {
    expect(codeOf(missing)).toBe('ENOENT')
    expect(hasCode(missing, 'EACCES', 'ENOENT')).toBe(true)
    expect(hasCode(missing, 'EACCES')).toBe(false)
    expect(shortReason(missing)).toBe('ENOENT')
  })

  it.each([new Error('plain'), { code: 'ENOENT' }, 'ENOENT', undefined, null])(
    'is not what has no code of its own: %s',
    (value) => {
      expect(codeOf(value)).toBeNull()
      expect(hasCode(value, 'ENOENT')).toBe(false)
    },
  )

  it('says what it says, and a text says itself', () => {
    expect(messageOf(missing)).toBe('no such file')
    expect(shortReason('it is a directory')).toBe('it is a directory')
    expect(messageOf('it is a directory')).toBe('it is a directory')
  })

  it('is the cause of what it is reported as, and both are in the trace', () => {
    const reported = errors.io('the record could not be written', missing)
    expect(reported.cause).toBe(missing)
    expect(reported.message).toBe('the record could not be written (ENOENT)')
    expect(traceOf(reported)).toMatch(
      /^LockError: the record .*\n {4}at .*\ncaused by Error: no such file\n/s,
    )
    expect(traceOf('text')).toBe('text')
  })
})
