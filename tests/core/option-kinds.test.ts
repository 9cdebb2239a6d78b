import { describe, expect, it } from 'vitest'
import { COUNT, FLAG, list, text } from '../../src/core/option-kinds.ts'

describe('an option that takes a text', () => {
  it('has the last one that was given', () => {
    expect(text('CMD').parse(['a', 'make test'], '--until')).toBe('make test')
  })

  it.each([
    [null, true],
    ['make', true],
    ['', false],
    ['a\0b', false],
    [5, false],
  ])('may be %j in a record: %s', (value, valid) => {
    expect(text('CMD').isValid(value)).toBe(valid)
  })
})

describe('an option that may be given several times', () => {
  it('has all of them', () => {
    expect(list('PATH').parse(['a', 'b'], '--exclusive')).toEqual(['a', 'b'])
  })

  it.each([
    [[], true],
    [['a'], true],
    [['a', 5], false],
    ['a', false],
    [null, false],
  ])('may be %j in a record: %s', (value, valid) => {
    expect(list('PATH').isValid(value)).toBe(valid)
  })
})

describe('a flag', () => {
  it('has no label, and is true when it is given', () => {
    expect(FLAG.label).toBeNull()
    expect(FLAG.parse([''], '--end-on-turn')).toBe(true)
    expect(FLAG.parse(['true'], '--end-on-turn')).toBe(true)
    expect([FLAG.parse(['false'], '--end-on-turn'), FLAG.parse(['0'], '--end-on-turn')]).toEqual([
      false,
      false,
    ])
    expect(() => FLAG.parse(['maybe'], '--end-on-turn')).toThrow('true or false')
    expect([FLAG.isValid(false), FLAG.isValid('yes')]).toEqual([true, false])
  })
})

describe('a count', () => {
  it('is refused with the name of its option', () => {
    expect(() => COUNT.parse(['inf'], '--keep')).toThrow('--keep takes a whole number above 0')
  })
})
