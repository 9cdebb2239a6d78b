import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { tempDir } from '../fakes/temp-dir.ts'

/** Keeps a part of what it makes for a while, as that is when V8 takes more room. @returns megabytes of the new space */
const program = (first: string): string => `
  ${first}
  const kept = []
  for (let i = 0; i < 300_000; i += 1) {
    kept.push({ i, text: [String(i)] })
    if (kept.length > 5_000) kept.length = 0
  }
  const spaces = process.getBuiltinModule('node:v8').getHeapSpaceStatistics()
  console.log(spaces.find((space) => space.space_name === 'new_space').space_size / 2 ** 20)
`

const newSpaceOf = async (first: string): Promise<number> => {
  const dist = tempDir()
  writeFileSync(join(dist, 'program.ts'), program(first))
  await bundle({ program: join(dist, 'program.ts') }, dist)
  const { stdout, stderr } = spawnSync(process.execPath, [join(dist, 'program.js')], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return Number(stdout)
}

it('the space for new objects stays small', async () => {
  const module = JSON.stringify(join(import.meta.dirname, '../../src/process/small-heap.ts'))
  const kept = await newSpaceOf(`import { keepHeapSmall } from ${module}\n  keepHeapSmall()`)
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThanOrEqual(2)
  expect(await newSpaceOf('')).toBeGreaterThan(kept)
})
