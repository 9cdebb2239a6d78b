import { describe, expect, it } from 'vitest'
import type { Arguments } from '../../src/cli/parse.ts'
import { iterationsOption, runOptions, waitOption } from '../../src/verbs/run.ts'
import { failureOf } from '../fakes/failure.ts'
import { parsedArguments } from '../fakes/verbs.ts'

const run = (...words: readonly string[]): Arguments => parsedArguments('engine', 'run', 'demo', ...words)

describe('the options of a run', () => {
  it('are only those that were said', () => {
    expect(runOptions(run())).toEqual({})
    expect(runOptions(run('--grace', '0'))).toEqual({ grace: 0 })
  })

  it.each([
    ['--delay', '30m', { delay: 1800 }],
    ['--delay', '0', { delay: 0 }],
    ['--timeout', '2h', { timeout: 7200 }],
    ['--timeout', 'off', { timeout: null }],
    ['--max-failures', '3', { max_failures: 3 }],
    ['--max-failures', 'inf', { max_failures: null }],
    ['--stale-after', '90', { stale_after: 90 }],
    ['--heartbeat-interval', '0.5', { heartbeat_interval: 0.5 }],
    ['--quiet-after', 'off', { quiet_after: null }],
    ['--stuck-after', '1h', { stuck_after: 3600 }],
    ['--grace', '3s', { grace: 3 }],
    ['--log-limit', '64M', { log_limit: 67_108_864 }],
    ['--keep', '5', { keep: 5 }],
  ])('are read: %s %s', (option, value, expected) => {
    expect(runOptions(run(option, value))).toEqual(expected)
  })

  it.each([
    ['--delay', 'off'],
    ['--delay', '-1'],
    ['--timeout', '0'],
    ['--timeout', 'inf'],
    ['--max-failures', '0'],
    ['--max-failures', '1.5'],
    ['--max-failures', '-1'],
    ['--stale-after', '0'],
    ['--stale-after', 'off'],
    ['--heartbeat-interval', '0s'],
    ['--quiet-after', '0'],
    ['--stuck-after', 'never'],
    ['--grace', 'inf'],
    ['--log-limit', '0'],
    ['--log-limit', '1h'],
    ['--keep', '0'],
    ['--keep', 'inf'],
    ['--keep', '9'.repeat(16)],
  ])('are refused, with their name: %s %s', (option, value) => {
    const failure = failureOf(() => runOptions(run(option, value)))
    expect(failure.exitCode).toBe(64)
    expect(failure.message).toContain(option)
  })
})

describe('the number of iterations', () => {
  it.each([
    [[], undefined],
    [['-n', '3'], 3],
    [['-n', 'inf'], null],
    [['-n', '007'], 7],
  ])('of %j is %s', (words, count) => {
    expect(iterationsOption(run(...words).values('iterations'))).toBe(count)
  })

  it.each(['0', '-1', '1.5', '1e3', '0x10', ' 1', 'INF', 'infinity', 'three', '9'.repeat(16)])(
    'is refused: %j',
    (text) => {
      const failure = failureOf(() => iterationsOption(run('-n', text).values('iterations')))
      expect(failure.exitCode).toBe(64)
      expect(failure.message).toContain('--iterations')
    },
  )
})

describe('the wait', () => {
  it.each([
    [[], undefined],
    [['--wait'], Number.POSITIVE_INFINITY],
    [['--wait', '10m'], 600],
    [['--wait=0'], 0],
  ])('of %j is %s', (words, seconds) => {
    expect(waitOption(run(...words).values('wait'))).toBe(seconds)
  })

  it('is refused when it is no duration', () => {
    expect(failureOf(() => waitOption(run('--wait=long').values('wait'))).exitCode).toBe(64)
  })
})
