/** What may lie where a record should. */
import fc from 'fast-check'
import { encodeRecord } from '../../src/core/record-file.ts'
import { anEndedRecord, aRecord } from '../fakes/records.ts'

/** A valid record in which one value, at any depth, is something else or missing. */
export const mutatedRecord = fc
  .tuple(
    fc.constantFrom(aRecord(), anEndedRecord(), anEndedRecord({ reason: 'owner-died', exit_code: null })),
    fc.nat(),
    fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>(0, -1, 0.5, 1e308, 2 ** 53, '', 'x', true, null, [], {}, undefined),
    ),
  )
  .map(([record, which, value]) => {
    const copy = JSON.parse(encodeRecord(record)) as Record<string, unknown>
    const places: { holder: Record<string, unknown>; key: string }[] = []
    const walk = (holder: Record<string, unknown>): void => {
      for (const key of Object.keys(holder)) {
        places.push({ holder, key })
        const inner = holder[key]
        if (typeof inner === 'object' && inner !== null) walk(inner as Record<string, unknown>)
      }
    }
    walk(copy)
    const place = places[which % places.length]
    if (place !== undefined) place.holder[place.key] = value
    return JSON.stringify(copy)
  })

export const anyContent = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  mutatedRecord,
  fc.nat(2000).map((length) => encodeRecord(aRecord()).slice(0, length)),
)
