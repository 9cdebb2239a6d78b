/**
 * The states that an agent is brought into, and what the engine is to say of each.
 *
 * In a pane every agent draws something while it waits for its model, so that a model that does not answer is text
 * that repeats; what waits for a person listens to the terminal and draws nothing new. Headless it prints nothing
 * until its turn is over. An agent that does otherwise says so in its own file, as `wanted`.
 *
 * @typedef {object} State
 * @property {string} name
 * @property {'pane'|'pipe'} place  in a tmux pane, or with its output in a pipe and no terminal
 * @property {string[]} wanted  `active`, `ended` (the agent gives up), or the causes of `hung` that are right
 * @property {number} [patience]  seconds that the agent goes on before it comes to what is wanted
 * @property {boolean} isSettled  its first-run dialogs are done
 * @property {boolean} [isResumed]  it has had a turn before, and goes on with that conversation
 * @property {boolean} [isNested]  it runs in a tmux server of its own, which the worker starts
 * @property {boolean} [hasHangingServer]  it is to start an MCP server that never answers
 * @property {boolean} [isUpdateOffered]  it knows of a newer version
 * @property {string|null} prompt
 * @property {'ask'|'allow'} permission
 * @property {(agent: object, limits: object) => object[]} plan  of the mock; limits in seconds, by their names
 * @property {(seen: Seen, agent: object) => boolean} reached
 *
 * @typedef {{screen: string, turns: number, hasStarted: boolean, hasServer: boolean}} Seen  turns: requests of the agent;
 *   hasStarted: its tool; hasServer: its MCP server has been started
 */
import { FIRST_WORDS } from './mock/plan.mjs'

const TOOLS = new URL('tools/', import.meta.url).pathname
const DONE = 'All done here.'
const done = { kind: 'text', words: DONE }

const always =
  (...answers) =>
  () =>
    answers

/** A shell tool, and when the agent asks how it goes on: the tool of that, again and again. */
const tool = (command) => (agent) => [
  { kind: 'tool', call: agent.shell(command) },
  agent.waitFor === undefined ? done : { kind: 'tool', call: agent.waitFor, words: DONE },
]

const byScreen =
  (name) =>
  ({ screen }, agent) =>
    agent.screens[name].test(screen)
const byWords = ({ screen }) => screen.includes(DONE)
const byRequest = ({ turns }) => turns > 0
const byTool = ({ hasStarted }) => hasStarted

const SLEEPS = 'touch started; sleep 7200'
const WORKS = `touch started; sh ${TOOLS}works.sh`

const base = { isSettled: true, prompt: 'do it', permission: 'allow' }
const pane = { ...base, place: 'pane' }
const pipe = { ...base, place: 'pipe' }
/** Longer than each limit of activity, then it answers and comes to its end. */
const worksFirst = {
  plan: (agent, { quiet, stuck }) => tool(`${WORKS} ${Math.ceil(1.2 * Math.min(stuck, 2 * quiet))}`)(agent),
  wanted: ['ended'],
  reached: byTool,
}
const streams = { plan: always({ kind: 'stream' }), wanted: ['active'] }
const works = { plan: tool(WORKS), wanted: ['active'], reached: byTool }
const sleeps = { plan: tool(SLEEPS), reached: byTool }
const noAnswer = { plan: always({ kind: 'nothing' }), reached: byRequest }
const half = { plan: always({ kind: 'half' }), reached: byRequest }
const pings = { plan: always({ kind: 'pings' }), reached: byRequest }
/** "attempt 7/10" is a share that grows. Ten attempts take some minutes, and then the agent is at its end. */
const RETRY_SECONDS = 200
const refused = (status) => ({
  plan: always({ kind: 'refuse', status }),
  reached: byRequest,
  patience: RETRY_SECONDS,
})

/** What no second attempt mends. */
const refusedForGood = (status) => ({ ...refused(status), plan: always({ kind: 'refuse', status }) })
/** It tries again, and gets as far. */
const drops = { plan: always({ kind: 'drop' }), reached: byRequest, patience: RETRY_SECONDS }
const PART_SECONDS = 10
/** With short limits or with those of every day. */
const WORKS_FIRST_SECONDS = 1800
const breaksOff = { plan: always({ kind: 'part' }), reached: byRequest, patience: PART_SECONDS }
const serverHangs = { hasHangingServer: true, plan: always(done) }

const waits = ['awaiting-input']
/** Retried for ever, or given up: then the prompt is back. */
const retries = ['repeating', 'awaiting-input']
/** Or it ends, as a program without a person should. */
const givesUp = ['ended', 'silent', 'repeating']

/** @type {State[]} */
export const STATES = [
  {
    ...pane,
    name: 'pane-first-run',
    wanted: waits,
    isSettled: false,
    prompt: null,
    plan: always(done),
    reached: byScreen('first-run'),
  },
  { ...pane, name: 'pane-idle', wanted: waits, prompt: null, plan: always(done), reached: byScreen('idle') },
  {
    ...pane,
    name: 'pane-turn-ended',
    wanted: waits,
    plan: always(done),
    reached: byWords,
  },
  {
    ...pane,
    name: 'pane-resumed',
    wanted: waits,
    isResumed: true,
    prompt: null,
    plan: always(done),
    reached: byWords,
  },
  {
    ...pane,
    name: 'pane-in-tmux',
    // The processes of a tmux server are not the worker's, so only the screen is seen.
    wanted: ['silent', 'awaiting-input'],
    isNested: true,
    plan: always(done),
    reached: byWords,
  },
  {
    ...pane,
    ...serverHangs,
    name: 'pane-server-hangs',
    prompt: null,
    // Shown as an idle prompt, or with a spinner beside it for as long as the server may take.
    wanted: ['awaiting-input', 'repeating'],
    reached: ({ hasServer }) => hasServer,
  },
  {
    ...pane,
    name: 'pane-update',
    wanted: waits,
    isUpdateOffered: true,
    prompt: null,
    plan: always(done),
    reached: byScreen('update'),
  },
  {
    ...pane,
    name: 'pane-permission',
    wanted: waits,
    permission: 'ask',
    plan: (agent) => [{ kind: 'tool', call: (agent.askingShell ?? agent.shell)('rm -rf build') }, done],
    reached: byScreen('permission'),
  },
  {
    ...pane,
    ...streams,
    name: 'pane-streaming',
    reached: ({ screen }) => screen.includes(FIRST_WORDS),
  },
  { ...pane, ...works, name: 'pane-tool-works' },
  { ...pane, ...sleeps, name: 'pane-tool-sleeps', wanted: ['repeating'] },
  { ...pane, ...noAnswer, name: 'pane-no-answer', wanted: ['repeating'] },
  { ...pane, ...half, name: 'pane-half-answer', wanted: ['repeating'] },
  { ...pane, ...pings, name: 'pane-only-pings', wanted: ['repeating'] },
  { ...pane, ...refused(429), name: 'pane-429', wanted: retries },
  { ...pane, ...refused(529), name: 'pane-529', wanted: retries },
  { ...pane, ...refusedForGood(401), name: 'pane-401', wanted: retries },
  { ...pane, ...refusedForGood(400), name: 'pane-too-long', wanted: retries },
  { ...pane, ...drops, name: 'pane-drops', wanted: retries },
  // Some draw nothing once the answer has begun, and then look as they do at their prompt.
  { ...pane, ...breaksOff, name: 'pane-breaks-off', wanted: ['repeating', 'awaiting-input'] },
  { ...pipe, ...streams, name: 'pipe-streaming', reached: byRequest },
  { ...pipe, ...works, name: 'pipe-tool-works' },
  { ...pipe, ...worksFirst, name: 'pipe-works-first', patience: WORKS_FIRST_SECONDS },
  { ...pipe, ...sleeps, name: 'pipe-tool-sleeps', wanted: ['silent'] },
  { ...pipe, ...noAnswer, name: 'pipe-no-answer', wanted: ['silent'] },
  { ...pipe, ...half, name: 'pipe-half-answer', wanted: ['silent'] },
  // Undecidable: a model that thinks for long behind pings looks the same from outside.
  { ...pipe, ...pings, name: 'pipe-only-pings', wanted: ['silent', 'active'] },
  { ...pipe, ...refused(429), name: 'pipe-429', wanted: ['silent', 'repeating'] },
  { ...pipe, ...refused(529), name: 'pipe-529', wanted: ['silent', 'repeating'] },
  { ...pipe, ...refusedForGood(401), name: 'pipe-401', wanted: givesUp },
  { ...pipe, ...refusedForGood(400), name: 'pipe-too-long', wanted: givesUp },
  { ...pipe, ...drops, name: 'pipe-drops', wanted: givesUp },
  { ...pipe, ...breaksOff, name: 'pipe-breaks-off', wanted: ['silent'] },
  {
    ...pipe,
    ...serverHangs,
    name: 'pipe-server-hangs',
    // It waits for the server; or goes on without it after a while, and comes to its end.
    wanted: ['silent', 'ended'],
    reached: ({ hasServer }) => hasServer,
  },
]

const isLacking = (agent, state) =>
  (state.name === 'pane-first-run' && agent.screens['first-run'] === undefined) ||
  (state.name === 'pane-permission' && agent.screens.permission === undefined) ||
  (state.hasHangingServer && agent.addServer === undefined) ||
  (state.isUpdateOffered && agent.offerUpdate === undefined)

/** @returns the states that this agent has, with what is wanted of it */
export const statesOf = (agent) =>
  STATES.filter((state) => !isLacking(agent, state)).map((state) => ({
    ...state,
    prompt: state.isSettled ? state.prompt : (agent.firstRunPrompt ?? null),
    wanted: agent.wanted?.[state.name] ?? state.wanted,
    patience: agent.patience?.[state.name] ?? state.patience,
  }))
