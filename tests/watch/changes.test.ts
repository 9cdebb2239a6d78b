import { describe, expect, it } from 'vitest'
import type { RecordFields } from '../../src/core/record-file.ts'
import { Snapshot } from '../../src/session/snapshot.ts'
import { changesBetween, type Look } from '../../src/watch/changes.ts'
import { rowOf } from '../../src/watch/row.ts'
import { aRecord, HERE, NOW, owner, refresher, viewOf, worker } from '../fakes/records.ts'

const lookAt = (...records: readonly Partial<RecordFields>[]): Look => {
  const view = viewOf([owner(), refresher(), worker()])
  const snapshots = records.map((changes) => {
    const record = aRecord(changes)
    return new Snapshot({ session: record.session, stored: { kind: 'record', record } }, HERE, {
      view,
      now: NOW,
    })
  })
  return { snapshots, rows: snapshots.map((one) => rowOf(one, [], NOW)) }
}

const STALE = { heartbeat_monotonic: NOW.monotonic - 500 }

describe('the changes from one look to the next', () => {
  it.each<[string, Look | null, Look, unknown[]]>([
    ['of the first are all sessions', null, lookAt({ session: 'a' }), [['first', 'a', null, 'active']]],
    [
      'are none when only time has passed',
      lookAt({}),
      lookAt({ heartbeat_monotonic: NOW.monotonic - 9 }),
      [],
    ],
    ['are a new session', lookAt(), lookAt({ session: 'b' }), [['new', 'b', null, 'active']]],
    ['are one that has gone', lookAt({ session: 'b' }), lookAt(), [['gone', 'b', 'active', undefined]]],
    [
      'are another state',
      lookAt({ session: 'a' }, { session: 'b' }),
      lookAt({ session: 'a' }, { session: 'b', ...STALE }),
      [['changed', 'b', 'active', 'hung']],
    ],
    [
      'are the next iteration',
      lookAt({}),
      lookAt({ iteration: 3 }),
      [['changed', 'demo', 'active', 'active']],
    ],
  ])('%s', (_, before, after, expected) => {
    const changes = changesBetween(before, after, 7)
    expect(changes.map((one) => [one.change, one.session, one.previous_state, one.state])).toEqual(expected)
    expect(changes.every(({ epoch }) => epoch === 7)).toBe(true)
  })
})
