import { describe, expect, it } from 'vitest'
import { formatExactSize, formatSize, parseSize } from '../../src/core/size.ts'
import { failureOf } from '../fakes/failure.ts'

describe('parseSize', () => {
  it.each([
    ['1', 1],
    ['4096', 4096],
    ['512K', 524_288],
    ['512k', 524_288],
    ['64M', 67_108_864],
    ['64MB', 67_108_864],
    ['64MiB', 67_108_864],
    ['1.5K', 1536],
    ['2G', 2_147_483_648],
    ['1T', 1_099_511_627_776],
    ['1.0009K', 1024],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSize(text, '--log-limit')).toBe(bytes)
  })

  it.each([
    '',
    '0',
    '0.5',
    '-1',
    '1P',
    'M',
    '1 M',
    '1e3',
    '0x10',
    'inf',
    '9007199254740992',
    '9'.repeat(400),
  ])('refuses %j', (text) => {
    const failure = failureOf(() => parseSize(text, '--log-limit'))
    expect(failure.exitCode).toBe(64)
    expect(failure.message).toMatch(/^--log-limit takes a size/)
  })
})

describe('a size in words', () => {
  it.each([
    [0, '0 B'],
    [812, '812 B'],
    [1023, '1 KB'],
    [1024, '1 KB'],
    [1536, '1.5 KB'],
    [102_400, '100 KB'],
    [118_170, '115 KB'],
    [1_022_000, '998 KB'],
    [1_023_999, '1 MB'],
    [64 * 1024 ** 2, '64 MB'],
    [12_897_485, '12.3 MB'],
    [1024 ** 3, '1 GB'],
    [5000 * 1024 ** 4, '5000 TB'],
  ])('of %d bytes is %j', (bytes, words) => {
    expect(formatSize(bytes)).toBe(words)
  })
})

describe('formatExactSize', () => {
  it.each([
    [1, '1'],
    [4095, '4095'],
    [4096, '4K'],
    [64 * 1024 ** 2, '64M'],
    [3 * 1024 ** 4, '3T'],
  ])('writes %d bytes as %s, which is read as the same', (bytes, text) => {
    expect(formatExactSize(bytes)).toBe(text)
    expect(parseSize(text, '--log-limit')).toBe(bytes)
  })
})
