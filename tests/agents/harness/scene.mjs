/** One agent in one state: brought there, proved to be there, then watched until there is a verdict on the verdict. */
import { Mock } from '../mock/server.mjs'
import { Session } from './engine.mjs'
import { Judgement } from './judge.mjs'
import { environment, hangingServer, hasServer, hasStarted, makePlace, removePlace } from './place.mjs'
import { pause, run } from './run.mjs'

/** On a busy machine some need minutes before they show anything. */
const REACH_SECONDS = 300
const REACH_LOOK_SECONDS = 0.5
/** Each look starts a process: with limits of every day it need not be more than one between two beats. */
const lookSeconds = ({ interval }) => Math.max(2, interval / 2)

const now = () => performance.now() / 1000

const without = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

/** @returns {Promise<boolean>} whether the state was reached */
const reach = async ({ session, state, agent, mock, place, signal }) => {
  const until = now() + REACH_SECONDS
  while (now() < until && !signal.aborted) {
    const seen = {
      screen: await session.screen(),
      turns: mock.turns.length,
      hasStarted: await hasStarted(place),
      hasServer: await hasServer(place),
    }
    if (state.reached(seen, agent)) return true
    await pause(REACH_LOOK_SECONDS)
  }
  return false
}

const watch = async ({ session, state, limits, hold, signal }) => {
  const early = (await session.changes()).length
  const judgement = new Judgement(state, limits, hold, now())
  while (!signal.aborted && !judgement.read(await session.look())) await pause(lookSeconds(limits))
  return judgement.result((await session.changes()).slice(early))
}

const commandOf = (agent, state, modules) => [
  ...agent.program(modules),
  ...(state.permission === 'allow' && state.prompt !== null ? agent.allow : []),
  ...(state.permission === 'ask' ? (agent.ask ?? []) : []),
]

const argumentsOf = (agent, state) => {
  if (state.isResumed) return agent.resume
  return state.place === 'pane' ? agent.interactive(state.prompt) : agent.headless(state.prompt)
}

const DONE = [{ kind: 'text', words: 'All done here.' }]
const TURN_MILLISECONDS = 120_000

/** One turn before the run, which is then a part of the conversation. */
const haveTurn = async ({ agent, modules, place, mock, env }) => {
  mock.follow(DONE)
  const [program, ...args] = [
    ...agent.program(modules),
    ...(agent.begin ?? []),
    ...agent.allow,
    ...agent.headless('do it'),
  ]
  await run(program, args, { cwd: place.work, env, timeout: TURN_MILLISECONDS })
}

const prepare = async (agent, state, place) => {
  await agent.prepare?.(place)
  await (state.isSettled ? agent.settle : agent.firstRun)?.(place)
  if (state.hasHangingServer) await agent.addServer(place, 'hangs', hangingServer(place))
  if (state.isUpdateOffered) await agent.offerUpdate(place)
}

const begin = async (scene) => {
  const { agent, state, modules, place, limits, mock } = scene
  await prepare(agent, state, place)
  const own = { ...agent.env(place), ...(state.isSettled ? {} : agent.firstRunEnv) }
  const env = without({ ...environment(place), ...own })
  if (state.isResumed) await haveTurn({ ...scene, env })
  mock.follow(state.plan(agent, limits))
  const session = new Session(place, env)
  const { interval, stale, quiet, stuck } = limits
  const options = {
    'heartbeat-interval': interval,
    'stale-after': stale,
    'quiet-after': quiet,
    'stuck-after': stuck,
  }
  const command = [...commandOf(agent, state, modules), ...argumentsOf(agent, state)]
  await session.start(state.place, options, state.isNested ? session.nested(command) : command)
  return session
}

const NO_VERDICT = { cause: null, seconds: null, flaps: 0 }

/** What the scene has come to, when the agent could be brought into its state. */
const judged = async (scene) => {
  if (!(await reach(scene))) return { ...NO_VERDICT, seen: 'not reached', isRight: false }
  return scene.isReachOnly ? { ...NO_VERDICT, seen: 'reached', isRight: true } : watch(scene)
}

/** @param scene agent, state, modules, limits, hold, isKept, isReachOnly, signal */
export const runScene = async (scene) => {
  const { agent, state, isKept } = scene
  const mock = new Mock()
  const place = await makePlace(`http://127.0.0.1:${await mock.start()}`, state.permission)
  const session = await begin({ ...scene, place, mock })
  try {
    const result = await judged({ ...scene, mock, place, session })
    const why = result.isRight ? '' : await session.why()
    const details = { why, screen: await session.screen() }
    return { agent: agent.name, state: state.name, wanted: state.wanted, ...result, ...details }
  } finally {
    await session.end()
    await mock.stop()
    if (isKept) console.error(`kept: ${agent.name}/${state.name} in ${place.root}`)
    else await removePlace(place)
  }
}
