import { describe, expect, it } from 'vitest'
import {
  isSameProcess,
  livenessOf,
  ownerLiveness,
  partLiveness,
  recordLocation,
} from '../../src/core/identity.ts'
import { aRecord, HERE, OWNER, owner, viewOf, worker } from '../fakes/records.ts'

const record = aRecord()
const nobody = viewOf([])

describe('the place of a record', () => {
  it.each([
    ['this boot and namespace', {}, 'here'],
    ['this boot under another host name', { host: 'renamed' }, 'here'],
    ['another boot of this host', { boot_id: 'boot-b' }, 'other-boot'],
    ['another boot and host', { boot_id: 'boot-b', host: 'there' }, 'other-host'],
    ['this boot in another PID namespace', { pid_namespace: 'pid:[2]' }, 'other-namespace'],
    ['this boot without a PID namespace', { pid_namespace: null }, 'other-namespace'],
  ] as const)('is %s', (_, changes, place) => {
    expect(recordLocation(aRecord(changes), HERE)).toBe(place)
  })

  it('is here where there are no PID namespaces at all', () => {
    expect(recordLocation(aRecord({ pid_namespace: null }), { ...HERE, pidNamespace: null })).toBe('here')
  })
})

describe('a process', () => {
  const seen = (...processes: Parameters<typeof viewOf>[0]) =>
    livenessOf(viewOf(processes), record.owner, 'boot-ticks', HERE)

  it('is alive with the same pid and start', () => {
    expect(seen(owner())).toEqual({ kind: 'alive', state: 'running' })
  })

  it('is alive when it is stopped', () => {
    expect(seen(owner({ state: 'stopped' }))).toEqual({ kind: 'alive', state: 'stopped' })
  })

  it('is alive when it may not be looked at (EPERM)', () => {
    expect(seen({ pid: OWNER, hidden: true })).toEqual({ kind: 'alive', state: 'hidden' })
  })

  it('is gone when there is none with its pid', () => {
    expect(seen()).toEqual({ kind: 'gone', reason: 'no such process' })
  })

  it('is gone when it is a zombie', () => {
    expect(seen(owner({ state: 'exited' }))).toMatchObject({
      kind: 'gone',
      reason: expect.stringContaining('exited'),
    })
  })

  it.each([899, 901])('is gone when its pid has another start time: %d', (started) => {
    expect(seen(owner({ started }))).toMatchObject({
      kind: 'gone',
      reason: expect.stringContaining('another process'),
    })
  })

  it.each([
    [898, 'alive'],
    [902, 'alive'],
    [903, 'gone'],
    [897, 'gone'],
  ])('may start within the tolerance of the clock: %d is %s', (started, kind) => {
    const coarse = { ...HERE, startTolerance: 2 }
    expect(livenessOf(viewOf([owner({ started })]), record.owner, 'boot-ticks', coarse).kind).toBe(kind)
  })

  it('is unknown when its start was taken with another clock', () => {
    expect(livenessOf(viewOf([owner()]), record.owner, 'epoch-seconds', HERE).kind).toBe('unknown')
  })

  it('is gone when nobody has its pid, whatever clock its start was taken with', () => {
    expect(livenessOf(nobody, record.owner, 'epoch-seconds', HERE).kind).toBe('gone')
  })
})

describe('the owner in a record', () => {
  it.each([
    ['on this machine', {}, 'alive'],
    ['on this machine, renamed since', { host: 'renamed' }, 'alive'],
    ['of another boot, though its pid and start are there', { boot_id: 'boot-b' }, 'gone'],
    ['on another host, though its pid and start are here', { boot_id: 'b', host: 'there' }, 'unknown'],
    ['in another PID namespace', { pid_namespace: 'pid:[2]' }, 'unknown'],
    ['by another clock', { pid_started_clock: 'epoch-seconds' }, 'unknown'],
  ] as const)('%s', (_, changes, kind) => {
    expect(ownerLiveness(aRecord(changes), viewOf([owner()]), HERE).kind).toBe(kind)
  })

  it.each([
    ['on another host', { boot_id: 'b', host: 'there' }],
    ['in another PID namespace', { pid_namespace: 'pid:[2]' }],
  ])('%s is never called gone, also when nobody here has its pid', (_, changes) => {
    expect(ownerLiveness(aRecord(changes), nobody, HERE).kind).toBe('unknown')
  })
})

describe('a part of the run', () => {
  it.each([
    ['of this boot and there', {}, [worker()], 'alive'],
    ['of this boot and not there', {}, [], 'gone'],
    ['of another boot', { boot_id: 'boot-b' }, [worker()], 'gone'],
    ['on another host', { boot_id: 'boot-b', host: 'there' }, [worker()], 'unknown'],
    ['in another PID namespace', { pid_namespace: 'pid:[2]' }, [worker()], 'unknown'],
  ])('%s', (_, changes, processes, kind) => {
    const part = aRecord(changes)
    expect(partLiveness(part, part.worker, viewOf(processes), HERE).kind).toBe(kind)
  })

  it('is gone when none is recorded', () => {
    expect(partLiveness(record, null, viewOf([worker()]), HERE)).toEqual({
      kind: 'gone',
      reason: 'none is recorded',
    })
  })
})

describe('isSameProcess', () => {
  it('matches nothing without a reference', () => {
    expect(isSameProcess(worker(), null, 0)).toBe(false)
  })
})
