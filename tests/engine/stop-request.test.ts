import { beforeEach, describe, expect, it } from 'vitest'
import type { StopSignalName } from '../../src/core/ports.ts'
import { exitCodeOf, StopRequests } from '../../src/engine/stop-request.ts'
import type { RequestKind } from '../../src/store/requests.ts'
import { type FakeWorld, fakeWorld } from '../fakes/world.ts'

let request: RequestKind | null
let ctrlCs: number
let stopRequests: StopRequests
let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
  request = null
  ctrlCs = 0
  stopRequests = new StopRequests()
  stopRequests.follow({
    readRequest: () => request,
    onCtrlC() {
      ctrlCs += 1
    },
  })
  stopRequests.listen(world.self)
})

const get = (...signals: readonly StopSignalName[]): void => {
  for (const signal of signals) world.deliver(signal)
}
const aborted = (): readonly boolean[] =>
  [stopRequests.drain, stopRequests.terminate, stopRequests.kill].map(({ signal }) => signal.aborted)

describe('a signal that was ignored at the start', () => {
  it('asks for nothing, and the others still do', () => {
    const ignoring = new StopRequests()
    ignoring.listen({ ...world.self, ignoredSignals: ['SIGHUP', 'SIGINT'] })
    world.deliver('SIGHUP')
    world.deliver('SIGINT')
    expect(ignoring.current).toEqual({ kind: 'none' })
    world.deliver('SIGTERM')
    expect(ignoring.current).toMatchObject({ kind: 'terminate', signal: 'SIGTERM' })
  })
})

describe('a lock that is lost', () => {
  it('ends the worker, once', () => {
    stopRequests.loseLock()
    stopRequests.loseLock()
    expect(stopRequests.current).toMatchObject({ kind: 'terminate', asked: 'lock-lost' })
    expect(aborted()).toEqual([true, true, false])
  })

  it('does not take the place of what was asked before', () => {
    get('SIGHUP')
    stopRequests.loseLock()
    expect(stopRequests.current).toMatchObject({ signal: 'SIGHUP', asked: null })
    expect(aborted()).toEqual([true, true, false])
  })
})

describe('what the outside wants', () => {
  it('is nothing at first', () => {
    expect(stopRequests.current).toEqual({ kind: 'none' })
    expect(aborted()).toEqual([false, false, false])
  })

  it.each([
    [['SIGINT'], 'drain', [true, false, false]],
    [['SIGINT', 'SIGINT'], 'terminate', [true, true, false]],
    [['SIGINT', 'SIGINT', 'SIGINT'], 'terminate', [true, true, true]],
    [['SIGINT', 'SIGTERM'], 'terminate', [true, true, false]],
    [['SIGTERM'], 'terminate', [true, true, false]],
    [['SIGHUP'], 'terminate', [true, true, false]],
    [['SIGQUIT'], 'terminate', [true, true, false]],
    [['SIGTERM', 'SIGTERM'], 'terminate', [true, true, true]],
    [['SIGTERM', 'SIGINT'], 'terminate', [true, true, true]],
    [['SIGUSR2'], 'none', [false, false, false]],
  ] as const)('after %j is %s', (signals, kind, controllers) => {
    get(...signals)
    expect(stopRequests.current.kind).toBe(kind)
    expect(aborted()).toEqual(controllers)
  })

  it('is told of only at the first Ctrl-C', () => {
    get('SIGINT', 'SIGINT', 'SIGINT')
    expect(ctrlCs).toBe(1)
  })

  it('is the end of the iteration when a request asks for it, and a signal tells', () => {
    request = 'stop-after-iteration'
    get('SIGUSR2')
    expect(stopRequests.current).toEqual({ kind: 'drain', asked: 'request' })
    expect(aborted()).toEqual([true, false, false])
  })

  it('is found without a signal too', () => {
    request = 'stop-after-iteration'
    stopRequests.checkFile()
    expect(stopRequests.current.kind).toBe('drain')
  })

  it('does not shrink by a later request', () => {
    get('SIGTERM')
    request = 'stop-after-iteration'
    get('SIGUSR2')
    expect(stopRequests.current.kind).toBe('terminate')
  })

  it.each([
    ['SIGTERM', 'supersede', 'supersede'],
    ['SIGTERM', 'stop', 'stop'],
    ['SIGTERM', null, null],
    ['SIGTERM', 'stop-after-iteration', null],
    ['SIGHUP', 'supersede', null],
  ] as const)('by %s with the request %s was asked for by %s', (signal, kind, asked) => {
    request = kind
    get(signal)
    expect(stopRequests.current).toEqual({ kind: 'terminate', signal, asked })
  })

  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGTERM', 143],
  ] as const)('gives %s the exit code %d, as a shell does', (signal, code) => {
    expect(exitCodeOf(signal)).toBe(code)
  })
})
