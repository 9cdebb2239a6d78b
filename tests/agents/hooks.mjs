/**
 * What real agents say themselves, once lock.sh setup has put the hooks into their settings.
 *
 * usage: node tests/agents/hooks.mjs [AGENT...]
 *
 * Each agent is brought to a permission dialog, where it has one, and to the end of a turn, against the mock of its model.
 * Exit code: 0 all have said it, 1 not. Uses the cache of npm run agents.
 */
import { join } from 'node:path'
import { AGENTS } from './agents/index.mjs'
import { Session } from './harness/engine.mjs'
import { defaultCache, install } from './harness/install.mjs'
import { environment, makePlace, removePlace } from './harness/place.mjs'
import { pause, run } from './harness/run.mjs'
import { Mock } from './mock/server.mjs'
import { statesOf } from './states.mjs'

const LOCK = join(new URL('../../', import.meta.url).pathname, 'lock.sh')
const SECONDS = 120

/** As lock.sh setup calls them. */
const NAMES = { 'claude-code': 'claude', 'gemini-cli': 'gemini', 'qwen-code': 'qwen' }
/** Codex runs hooks only when a person has trusted them. */
const MORE = { codex: ['--dangerously-bypass-hook-trust'] }
const WANTED = { 'pane-permission': 'permission', 'pane-turn-ended': 'turn-ended' }

const attentionOf = async (options) => {
  const { stdout } = await run(LOCK, ['status', 'agent', '--json'], options)
  try {
    return JSON.parse(stdout).attention
  } catch {
    return null
  }
}

const trial = async (agent, state, modules) => {
  const mock = new Mock()
  mock.follow(state.plan(agent))
  const place = await makePlace(`http://127.0.0.1:${await mock.start()}`, state.permission)
  await agent.prepare?.(place)
  await agent.settle?.(place)
  const env = Object.fromEntries(
    Object.entries({ ...environment(place), ...agent.env(place) }).filter(([, value]) => value !== undefined),
  )
  const options = { cwd: place.work, env }
  const setup = await run(LOCK, ['setup', NAMES[agent.name] ?? agent.name, '--yes'], options)
  const session = new Session(place, env)
  const permission = state.permission === 'ask' ? (agent.ask ?? []) : agent.allow
  await session.start('pane', { 'heartbeat-interval': 1, 'stale-after': 3 }, [
    ...agent.program(modules),
    ...(MORE[agent.name] ?? []),
    ...permission,
    ...agent.interactive(state.prompt),
  ])
  try {
    let attention = null
    for (let second = 0; second < SECONDS && attention?.kind !== WANTED[state.name]; second += 1) {
      await pause(1)
      attention = await attentionOf(options)
    }
    const notes = await run('sh', ['-c', 'cat "$LOCK_DIR"/agent/runs/1/notes.jsonl'], options)
    return { attention, notes: notes.stdout, screen: await session.screen(), setup: setup.stderr }
  } finally {
    await session.end()
    await mock.stop()
    await removePlace(place)
  }
}

const names = process.argv.slice(2)
let failures = 0
for (const agent of AGENTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const { modules, reason } = await install(agent, defaultCache())
  if (modules === undefined) {
    console.log(`left out: ${agent.name}: ${reason}`)
    continue
  }
  for (const state of statesOf(agent).filter(({ name }) => name in WANTED)) {
    const { attention, notes, screen, setup } = await trial(agent, state, modules)
    const isRight = attention?.kind === WANTED[state.name]
    if (!isRight) failures += 1
    console.log(`${isRight ? 'ok  ' : 'MISS'} ${agent.name} ${state.name}: ${JSON.stringify(attention)}`)
    if (!isRight || process.env.SHOW) console.log(`${setup}${notes}${screen.trimEnd()}\n`)
  }
}
process.exitCode = failures === 0 ? 0 : 1
