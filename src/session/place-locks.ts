/**
 * Takes the place that a limit asks for: the kernel lock on one of `.places/GROUP.1.lock` to `.places/GROUP.N.lock`.
 *
 * Runs may have different limits, or none. So all who want a place of a group choose one after the other, behind a lock that is
 * held for that moment (`.places/GROUP.gate`): then what is counted can only have become less when the place is taken.
 * Counted are the places that are held, also those above this run's limit, and of the lock directory as a whole also the
 * sessions that run without a place, because nobody has set them a limit.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ACQUIRE_SECONDS } from '../core/defaults.ts'
import { errors } from '../core/errors.ts'
import { groupName, type Limit, type Place, placeFile, placeNumber } from '../core/places.ts'
import { poll } from '../core/poll.ts'
import { holderOf, type LockFileHolder, writeHolder } from '../store/holder.ts'
import { type HeldLock, probeLock, tryAcquire, waitAcquire } from '../store/kernel-lock.ts'
import { makeOwnDir } from '../store/lock-dir.ts'
import { listSessions, readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'

export type PlaceLock =
  | { readonly kind: 'taken'; readonly place: Place; readonly lock: HeldLock }
  | { readonly kind: 'full'; readonly holders: readonly LockFileHolder[] }

/** Each chooses for some milliseconds. */
const GATE_SECONDS = 30
const RETRY_PAUSE_SECONDS = 0.02

const placesDir = (lockDir: string): string => join(lockDir, '.places')

const fileOf = ({ lockDir }: World, place: Place): string => join(placesDir(lockDir), placeFile(place))

/** The numbers of those that there have ever been. */
const numbersOf = ({ lockDir }: World, group: string | null): readonly number[] =>
  readdirSync(placesDir(lockDir)).flatMap((file) => placeNumber(group, file) ?? [])

/** Sessions that run, and have no place because nobody has set them a limit. */
const withoutPlace = (world: World, except: string): readonly LockFileHolder[] =>
  listSessions(world.lockDir).flatMap((session) => {
    if (session === except) return []
    const { record, lock } = world.paths(session)
    const stored = readRecord(record, session)
    if (stored.kind !== 'record' || stored.record.ended !== null) return []
    if (stored.record.places.some(({ group }) => group === null)) return []
    return probeLock(lock, world.lockTool) === 'held' ? [{ file: lock, session }] : []
  })

type Free = { readonly place: Place; readonly lock: HeldLock }

/** The first one that is free, and who has those before it. */
const firstFree = async (world: World, { group, max }: Limit) => {
  const holders: LockFileHolder[] = []
  for (let number = 1; number <= max; number += 1) {
    const file = fileOf(world, { group, number })
    const lock = await tryAcquire(file, world.lockTool, world.clock, 0)
    if (lock !== null) return { free: { place: { group, number }, lock } satisfies Free, holders }
    holders.push(holderOf(file))
  }
  return { free: null, holders }
}

/** Only behind the gate. */
const choose = async (world: World, limit: Limit, session: string): Promise<PlaceLock> => {
  const { group, max } = limit
  const { free, holders } = await firstFree(world, limit)
  if (free === null) return { kind: 'full', holders }
  const isHeld = ({ file }: LockFileHolder): boolean => probeLock(file, world.lockTool) === 'held'
  const behind = numbersOf(world, group).filter((number) => number > free.place.number)
  const others = behind.map((number) => holderOf(fileOf(world, { group, number }))).filter(isHeld)
  const known = new Set([...holders, ...others].map((holder) => holder.session))
  const unlimited =
    group === null ? withoutPlace(world, session).filter((holder) => !known.has(holder.session)) : []
  const counted = [...holders, ...others, ...unlimited]
  if (counted.length >= max) {
    free.lock.release()
    return { kind: 'full', holders: counted }
  }
  writeHolder(free.lock.fd, { session })
  return { kind: 'taken', ...free }
}

const chooseInTurn = async (world: World, limit: Limit, session: string): Promise<PlaceLock> => {
  const { lockDir, lockTool, clock } = world
  const path = join(placesDir(lockDir), `${groupName(limit.group)}.gate`)
  const gate = await waitAcquire(path, lockTool, clock, { seconds: GATE_SECONDS })
  if (gate === null)
    throw errors.held(
      `somebody has been choosing a place for ${GATE_SECONDS}s, and nobody else can meanwhile: ${path} is locked`,
      'A process that is stopped may have it; lsof or fuser names it.',
    )
  try {
    return await choose(world, limit, session)
  } finally {
    gate.release()
  }
}

/** Tries for a moment: whoever only probes a lock holds it that long. */
export const takePlace = async (world: World, limit: Limit, session: string): Promise<PlaceLock> => {
  makeOwnDir(placesDir(world.lockDir))
  let full: PlaceLock = { kind: 'full', holders: [] }
  const timing = { seconds: ACQUIRE_SECONDS, pauseSeconds: RETRY_PAUSE_SECONDS }
  const taken = await poll(world.clock, timing, async () => {
    full = await chooseInTurn(world, limit, session)
    return full.kind === 'taken' ? full : null
  })
  return taken ?? full
}
