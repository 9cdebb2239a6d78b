import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type MemoryGroup, oomKills, wasKilledForMemory } from '../../src/process/memory-group.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const KILLED = { exitCode: 137, result: 'killed' }
const FAILED = { exitCode: 1, result: 'failed' }
const OK = { exitCode: 0, result: 'ok' }

it.each([
  ['nothing more was killed', null, 3, KILLED, false],
  ['something was, where others are too', null, 4, KILLED, true],
  ['something of others was', null, 4, FAILED, false],
  ['something was, in a group of its own', 1e6, 4, FAILED, true],
  ['something was, and it went on', 1e6, 4, OK, false],
])('tells a kill for memory: %s', (_, bytes, kills, end, expected) => {
  const group = tempDir()
  const counter = join(group, 'memory.events')
  const memory: MemoryGroup = { group, counter, home: null, bytes }
  const count = (number: number): void =>
    writeFileSync(counter, `oom 9\noom_kill ${number}\noom_group_kill 0\n`)
  count(3)
  const before = oomKills(memory)
  expect(before).toBe(3)
  count(kills)
  expect(wasKilledForMemory(memory, before, end)).toBe(expected)
})

it('tells nothing where nothing is counted', () => {
  const group = tempDir()
  const memory: MemoryGroup = { group, counter: join(group, 'memory.events'), home: null, bytes: null }
  expect(oomKills(memory)).toBeNull()
  expect(oomKills(null)).toBeNull()
  expect(wasKilledForMemory(memory, null, KILLED)).toBe(false)
})
