/** A round: every scenario once, several at a time. */
import { setTimeout } from 'node:timers/promises'
import { Assessment } from './assessment.mjs'
import { observe } from './observe.mjs'
import { Sandbox } from './sandbox.mjs'
import { startServer } from './servers.mjs'
import { Session } from './session.mjs'

const POLL_SECONDS = 0.5
/** Engine, recorder, refresher and often the worker are Nodes; their starts are spread. */
const STARTS_PER_POLL = 1
/** Processor that programs may take at once. */
const CORES = 1.2
/** Met only when somebody is left. */
const ORPHAN_SECONDS = 30
/** For an end in order, when somebody waits for it. */
const GONE_SECONDS = 5

const pause = (seconds) => setTimeout(seconds * 1000)

/** Command lines of what still runs when every engine has ended: each is an orphan. */
const orphans = async (sandbox) => {
  const deadline = Date.now() + ORPHAN_SECONDS * 1000
  for (;;) {
    const left = sandbox.processes()
    if (left.length === 0 || Date.now() > deadline) return left.map((pid) => sandbox.describe(pid))
    await pause(0.1)
  }
}

/**
 * @param {import('../scenarios.mjs').Scenario[]} scenarios
 * @param {{limits: object, jobs: number, signal: AbortSignal, onSandbox: Function, onResult: Function}} settings
 * @returns {Promise<{results: object[], left: string[]}>} `left`: what the engines have left running
 */
export const runRound = async (scenarios, { limits, jobs, signal, onSandbox, onResult }) => {
  const sandbox = new Sandbox()
  onSandbox(sandbox)
  const server = await startServer()
  const results = []
  const queue = [...scenarios].sort((a, b) => b.cores - a.cores)
  const running = new Set()
  const endings = new Set()
  let failure = null

  const startSome = async () => {
    for (let started = 0; started < STARTS_PER_POLL; started += 1) {
      if (running.size + endings.size >= jobs) return
      const load = [...running].reduce((sum, { scenario }) => sum + scenario.cores, 0)
      const index = queue.findIndex(({ cores }) => running.size === 0 || load + cores <= CORES)
      if (index < 0) return
      const [scenario] = queue.splice(index, 1)
      const own = { ...limits, ...scenario.limits }
      const session = new Session(sandbox, scenario, own)
      const animal = { scenario, session, assessment: new Assessment(scenario, own, Date.now() / 1000) }
      running.add(animal)
      await session.start(server)
    }
  }

  const finish = async (animal) => {
    const { scenario, session, assessment } = animal
    const result = { scenario, ...assessment.result }
    if (scenario.kind !== 'undecidable' && result.outcome !== 'right') {
      const { stdout, stderr } = await sandbox.lock('why', scenario.name)
      result.why = stdout || stderr
      result.lastWords = session.lastWords()
    }
    if (!(await session.end())) {
      result.outcome = 'broken'
      result.detail = `its engine does not end; ${result.detail}`
    }
    results.push(result)
    onResult(result)
  }

  const readAll = async () => {
    const { begun, at, reports } = await observe(sandbox)
    for (const animal of running) {
      const { scenario, session, assessment } = animal
      const seen = reports.get(scenario.name)
      const { report, ownerAlive = false, beater = null } = seen ?? {}
      if (report?.ended === null && report.pid !== null) session.record = report
      const next = assessment.read({
        begun,
        at,
        state: report?.state ?? 'free',
        cause: report?.cause ?? null,
        reason: report?.reason ?? 'it has left no record',
        hasEnded: report !== undefined && report.ended !== null,
        mark: session.mark,
        ownerAlive,
        beater,
        outputBytes: session.outputBytes,
      })
      if (next === 'strike') await session.strike()
      if (next === 'revive') await session.revive()
      if (next === 'end') {
        running.delete(animal)
        const ending = finish(animal).catch((error) => {
          failure ??= error
        })
        endings.add(ending)
        void ending.then(() => endings.delete(ending))
      }
    }
  }

  try {
    while (!signal.aborted && queue.length + running.size + endings.size > 0) {
      const turn = pause(POLL_SECONDS)
      await startSome()
      if (running.size > 0) await readAll()
      if (failure !== null) throw failure
      await turn
    }
    if (signal.aborted) return { results, left: [] }
    return { results, left: await orphans(sandbox) }
  } finally {
    // After a failure or Ctrl-C: cleanly where that is quick, and by force where it is not.
    const ends = [...running].map(({ session }) => session.end().catch(() => undefined))
    const patience = new AbortController()
    await Promise.race([
      Promise.all([...ends, ...endings]),
      setTimeout(GONE_SECONDS * 1000, undefined, { signal: patience.signal }).catch(() => undefined),
    ])
    patience.abort()
    server.close()
    sandbox.destroy()
  }
}
