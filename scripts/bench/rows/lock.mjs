/** Claim and release inside one process: the lock alone, without a record. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { median, ratioOf, short, times, withSpread } from '../numbers.mjs'
import { environment, lockDir, programs, root } from '../tools.mjs'

const KINDS = ['ours', 'proper-lockfile']
const CONTENDERS = 8

const bundled = async () => {
  const outfile = join(lockDir(), 'lock-loop.cjs')
  await build({
    entryPoints: [join(programs, 'lock-loop.mjs')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    absWorkingDir: root,
    logLevel: 'warning',
  })
  return outfile
}

/** The milliseconds of each turn of one process. */
const loop = (program, kind, file, turns) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, kind, file, String(turns)], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
    })
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`${kind}: ${code}`)),
    )
  })

const uncontended = async (program, rounds) => {
  const found = { ours: [], 'proper-lockfile': [] }
  for (let round = 0; round < rounds; round += 1)
    for (const kind of KINDS)
      found[kind].push(median(await loop(program, kind, join(lockDir(), 'lock'), 100)))
  return found
}

/** Milliseconds for each turn of all, and the longest that one waited, as a share of the whole. */
const contended = async (program, rounds) => {
  const found = { ours: { each: [], longest: [] }, 'proper-lockfile': { each: [], longest: [] } }
  const turns = 40
  for (let round = 0; round < rounds; round += 1)
    for (const kind of KINDS) {
      const file = join(lockDir(), 'lock')
      const started = performance.now()
      const all = await Promise.all(
        Array.from({ length: CONTENDERS }, () => loop(program, kind, file, turns)),
      )
      found[kind].each.push((performance.now() - started) / (CONTENDERS * turns))
      found[kind].longest.push(Math.max(...all.flat()))
    }
  return found
}

export const lock = async ({ rounds }) => {
  const program = await bundled()
  const alone = await uncontended(program, rounds(7))
  const together = await contended(program, rounds(5))
  const lines = KINDS.map((kind) => [
    kind === 'ours' ? 'this program' : kind,
    withSpread(alone[kind], 'ms'),
    withSpread(together[kind].each, 'ms'),
    withSpread(together[kind].longest, 'ms'),
  ])
  const ratio = ratioOf(alone.ours, alone['proper-lockfile'])
  const contendedRatio = ratioOf(together.ours.each, together['proper-lockfile'].each)
  return {
    title: 'Claim and release inside one process',
    tables: [
      {
        columns: ['', 'alone', `${CONTENDERS} contenders, a turn`, 'the longest turn'],
        lines,
      },
    ],
    goals: [],
    remarks: [
      `Alone, this program takes ${times(ratio)} the time of proper-lockfile${ratio > 1 ? ': it loses' : ''}. Node has no flock call, so each claim starts flock(1); proper-lockfile makes and removes a directory. With ${CONTENDERS} contenders a turn takes ${times(contendedRatio)} its time.`,
      `A run claims once. What the ${short(median(alone.ours))} ms buy: the kernel lets go of the lock when its owner dies, and at no other time. proper-lockfile takes a lock away from an owner that was stopped for 10 s.`,
    ],
  }
}
