/**
 * The owner of a run is killed at every instant: from its claim to its release, and while a stop, an interrupt, a time-out,
 * a `--force`, a Ctrl-C or the end of its pane is under way; and guard and watchdog are killed or stopped, alone and with
 * it. How many processes of the worker live two seconds later, when nobody has called any other command?
 *
 * usage: npm run orphans -- --instants [--step 10] [--jobs 4] [--sample N] [--only TEXT] [--cgroup none] [--late-ok]
 *                                      [--seconds N] [--journal FILE]
 *
 * With --journal FILE the results are kept in FILE, and what is in it is not tried again; with --seconds N no trial begins
 * later. Exits with 1 when a process of a worker lives, or a helper for ever; with --late-ok, for a machine that others
 * keep busy, when one lives for ever.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Journal, type Place, type Result } from './instants/journal.ts'
import { GONE_SECONDS, LATE_SECONDS, Trial } from './instants/trial.ts'
import { WAYS, type Way, WORKERS, type Worker } from './instants/ways.ts'
import type { Layout } from './lib/layout.ts'
import { hasProc } from './lib/machine.ts'
import { table } from './lib/table.ts'

type Search = {
  readonly layout: Layout
  readonly journal: Journal
  readonly jobs: number
  readonly cgroup: string
  readonly isSample: boolean
  /** Of performance.now(). */
  readonly deadline: number
}

/** It is over before anybody could ask for its end. */
const isFor = (worker: Worker, way: Way): boolean =>
  way.workers?.includes(worker) ?? (worker !== 'brief' || !way.needsWorker)

const cellsOf = (only: string, hasTmux: boolean) =>
  Object.entries(WAYS)
    .filter(([, way]) => hasTmux || way.inTmux !== true)
    .flatMap(([name, way]) =>
      (Object.keys(WORKERS) as Worker[])
        .filter((worker) => isFor(worker, way) && `${name}: ${worker}`.includes(only))
        .map((worker) => ({ name, way, worker })),
    )

const BEYOND_MILLISECONDS = 50

/** Where only some are tried, it is not measured. */
const SAMPLE_MILLISECONDS = 900

/** As slow as it is beside the other trials. */
const measuredEnd = async (search: Search, name: string, way: Way): Promise<number> => {
  if (way.ends === undefined) return way.last
  const { layout, cgroup, jobs, journal, isSample } = search
  if (isSample) return Math.min(way.last, SAMPLE_MILLISECONDS)
  const known = journal.lengths.get(name)
  if (known !== undefined) return known
  const lengths = await Promise.all(
    Array.from({ length: jobs }, async () => {
      const trial = new Trial(layout, cgroup, 1)
      try {
        return await trial.measure(way.ends === 'brief' ? 'brief' : 'deaf', way)
      } finally {
        trial.dispose()
      }
    }),
  )
  const end = Math.round(Math.min(way.last, Math.max(...lengths) + BEYOND_MILLISECONDS))
  journal.addLength(name, end)
  return end
}

const placesOf = async (search: Search, only: string, hasTmux: boolean, step: number): Promise<Place[]> => {
  const places: Place[] = []
  const ends = new Map<string, number>()
  for (const { name, way, worker } of cellsOf(only, hasTmux)) {
    const end = ends.get(name) ?? (await measuredEnd(search, name, way))
    ends.set(name, end)
    const width = Math.max(step, way.step ?? 0)
    for (let at = 0; at <= end; at += width) places.push({ way: name, worker, at, sessions: 1 })
  }
  return places
}

/** As a supervisor ends a machine's services: all at once. */
const fleetPlaces = (sessions: number): readonly Place[] =>
  [50, 300, 1000].flatMap((at) =>
    (['deaf', 'forks'] as const).map((worker) => ({ way: 'term', worker, at, sessions })),
  )

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)

const tryPlace = async ({ layout, cgroup, journal }: Search, place: Place): Promise<void> => {
  const trial = new Trial(layout, cgroup, place.sessions)
  try {
    journal.add({ ...place, ...(await trial.run(place.worker, WAYS[place.way] as Way, place.at)) })
  } finally {
    trial.dispose()
  }
}

const tryAll = async (search: Search, places: readonly Place[], jobs: number): Promise<void> => {
  const queue = places.filter((place) => !search.journal.has(place))
  const total = queue.length
  const work = async (): Promise<void> => {
    while (performance.now() < search.deadline) {
      const place = queue.shift()
      if (place === undefined) return
      await tryPlace(search, place)
      if ((total - queue.length) % 50 === 0) console.error(`${total - queue.length} of ${total} trials`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
}

const sum = (results: readonly Result[], count: (result: Result) => number): number =>
  results.reduce((all, result) => all + count(result), 0)

const printTable = (results: readonly Result[]): void => {
  const single = results.filter(({ sessions }) => sessions === 1)
  const ways = Object.keys(WAYS).filter((name) => single.some(({ way }) => way === name))
  const workers = Object.keys(WORKERS).filter((name) => single.some(({ worker }) => worker === name))
  const cell = (way: string, worker: string): string => {
    const these = single.filter((result) => result.way === way && result.worker === worker)
    return these.length === 0 ? '' : `${sum(these, ({ count }) => count)} of ${these.length}`
  }
  const late = (way: string): string => {
    const these = single.filter((result) => result.way === way)
    return `${sum(these, ({ wasOver }) => Number(wasOver))}`
  }
  const rows = ways.map((way) => [way, ...workers.map((worker) => cell(way, worker)), late(way)])
  console.log(
    `Processes of the worker that live ${GONE_SECONDS} s after the kill, and trials; \`over\`: the owner had`,
  )
  console.log('ended by itself before the instant, so that the range reaches to its end:\n')
  console.log(table([['', ...workers, 'over'], ...rows]))
  for (const sessions of new Set(results.map((result) => result.sessions)))
    if (sessions > 1) {
      const these = results.filter((result) => result.sessions === sessions)
      console.log(
        `${sessions} engines at once: ${sum(these, ({ count }) => count)} in ${these.length} trials`,
      )
    }
  console.log(`\n${ways.map((way) => `${way}: ${WAYS[way]?.words}`).join('\n')}\n`)
}

const isBroken = ({ count, forEver, helpers, problem }: Result, lateOk: boolean): boolean =>
  (lateOk ? forEver : count) > 0 || helpers > 0 || problem !== null

const printFaults = (results: readonly Result[]): void => {
  for (const { way, worker, at, count, forEver, helpers, problem } of results)
    if (count > 0 || helpers > 0 || problem !== null)
      console.log(
        `${way}: ${worker}, ${at} ms: ${count} live, after ${LATE_SECONDS} s ${forEver}, and ${helpers} helpers${problem === null ? '' : `; ${problem}`}`,
      )
}

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      step: { type: 'string', default: '10' },
      jobs: { type: 'string', default: '4' },
      sample: { type: 'string', default: '' },
      only: { type: 'string', default: '' },
      cgroup: { type: 'string', default: '' },
      fleet: { type: 'string', default: '14' },
      seconds: { type: 'string', default: 'Infinity' },
      journal: { type: 'string', default: '' },
      'late-ok': { type: 'boolean', default: false },
    },
  })
  if (!hasProc()) {
    console.log('instants: skipped: it counts in /proc, which is not here')
    return 0
  }
  spawnSync(join(layout.root, 'lock.sh'), ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const search: Search = {
    layout,
    journal: new Journal(values.journal === '' ? null : values.journal),
    jobs: Number(values.jobs),
    cgroup: values.cgroup,
    isSample: values.sample !== '',
    deadline: performance.now() + Number(values.seconds) * 1000,
  }
  const hasTmux = spawnSync('tmux', ['-V']).status === 0
  const all = shuffled(await placesOf(search, values.only, hasTmux, Number(values.step)))
  await tryAll(search, values.sample === '' ? all : all.slice(0, Number(values.sample)), search.jobs)
  const hasFleet = values.sample === '' && values.only === ''
  await tryAll(search, hasFleet ? fleetPlaces(Number(values.fleet)) : [], 1)
  const { results } = search.journal
  printTable(results)
  printFaults(results)
  return results.some((result) => isBroken(result, values['late-ok'])) ? 1 : 0
}
