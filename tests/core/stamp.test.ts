import { expect, it } from 'vitest'
import { fileStamp } from '../../src/core/stamp.ts'

it('a stamp is a time in UTC without anything that a file name should not have', () => {
  expect(fileStamp(1_800_000_000.25)).toBe('20270115T080000Z')
  expect(fileStamp(1_800_000_000.25, 'milliseconds')).toBe('20270115T080000-250Z')
  expect(fileStamp(0, 'milliseconds')).toBe('19700101T000000-000Z')
})
