import { expect, it } from 'vitest'
import { momentText } from '../../src/core/moment-text.ts'

const local = (text: string): number => new Date(text).getTime() / 1000

it.each([
  ['2026-11-28T03:12', '03:12'],
  ['2026-11-27T22:00', 'Fri 22:00'],
  ['2026-11-22T22:00', 'Sun 22:00'],
  ['2026-11-21T22:00', '2026-11-21 22:00'],
  ['2025-11-28T03:12', '2025-11-28 03:12'],
])('%s is shown as %s on a Saturday', (moment, text) => {
  expect(momentText(local(moment), local('2026-11-28T07:00'))).toBe(text)
})
