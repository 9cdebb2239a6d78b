/** What it costs to ask, with ever more sessions, and with every Node that is at hand. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goal, ratioOf, short, times, withSpread } from '../numbers.mjs'
import { interleaved, timeColumns, timeLines } from '../runner.mjs'
import { environment, floor, isInstalled, lock, lockDir, shellSession, withSession } from '../tools.mjs'

const COUNTS = [1, 10, 100, 1000, 10_000]
/** A jq for each field takes 17 s for a hundred. */
const MOST_BY_FIELD = 10
/** Each is a process with a terminal. */
const MOST_IN_TMUX = 100

const ROUNDS = { 1: 40, 10: 20, 100: 20, 1000: 20, 10000: 10 }

/** Copies of the record of a session that lives. */
const multiply = (dir, record, count) => {
  for (let n = 1; n < count; n += 1)
    writeFileSync(join(dir, `s${n}.json`), JSON.stringify({ ...record, session: `s${n}` }, null, 1))
}

const tmuxWith = (count) => {
  const socket = `bench-${process.pid}-${count}`
  const tmux = (...words) =>
    spawnSync('tmux', ['-f', '/dev/null', '-L', socket, ...words], { env: environment })
  for (let n = 0; n < count; n += 1) tmux('new-session', '-d', '-s', `s${n}`, 'sleep 1000')
  return {
    command: { command: ['tmux', '-L', socket, 'list-sessions'] },
    end: () => tmux('kill-server'),
  }
}

const compareWith = async (count, rounds) => {
  const ours = lockDir()
  const shell = lockDir()
  const name = count === 1 ? ['s0'] : []
  const hasTmux = isInstalled('tmux') && count <= MOST_IN_TMUX
  const tmux = hasTmux ? tmuxWith(count) : null
  try {
    return await withSession('ours', ours, [], ({ record }) =>
      withSession('shell', shell, [], ({ record: plain }) => {
        multiply(ours, record, count)
        multiply(shell, plain, count)
        return interleaved(
          {
            'lock.sh status': { command: [lock, 'status', ...name], env: { LOCK_DIR: ours } },
            'node -e 0': floor,
            'shell, one jq': { command: [shellSession, 'status', ...name], env: { LOCK_DIR: shell } },
            ...(count <= MOST_BY_FIELD && {
              'shell, a jq for each field': {
                command: [shellSession, 'status-by-field', ...name],
                env: { LOCK_DIR: shell },
              },
            }),
            ...(tmux !== null && { 'tmux list-sessions': tmux.command }),
          },
          rounds,
        )
      }),
    )
  } finally {
    tmux?.end()
  }
}

/** One session: the program and the floor, both with this Node. */
const withNode = async (node, rounds) => {
  const dir = lockDir()
  return withSession('ours', dir, [], () => {
    const status = { command: [lock, 'status', 's0'], env: { LOCK_DIR: dir, LOCK_NODE: node } }
    // The first uses with a Node compile, and keep what they have compiled.
    for (let use = 0; use < 4; use += 1)
      spawnSync(lock, ['status', 's0'], { env: { ...environment, ...status.env }, stdio: 'ignore' })
    return interleaved({ status, floor: { command: [node, '-e', '0'] } }, rounds)
  })
}

const NODE_LINES = 'with each Node'

export const status = async ({ rounds, nodes }) => {
  const tables = []
  const goals = []
  const ratios = {}
  for (const count of COUNTS) {
    const results = await compareWith(count, rounds(ROUNDS[count]))
    tables.push({
      title: count === 1 ? 'one session' : `${count.toLocaleString('en')} sessions`,
      columns: timeColumns('', 'node -e 0'),
      lines: timeLines(results, 'node -e 0'),
    })
    ratios[count] = results
  }
  const wall = (count, other) => ratioOf(ratios[count]['lock.sh status'].wall, ratios[count][other].wall)
  const lines = []
  for (const { version, path } of nodes) {
    const { status: ours, floor: least } = await withNode(path, rounds(ROUNDS[1]))
    const ratio = ratioOf(ours.wall, least.wall)
    goals.push(goal(`status of one session / node -e 0, Node ${version}`, ratio, { most: 1.25 }))
    lines.push([version, withSpread(ours.wall, 'ms'), withSpread(least.wall, 'ms'), times(ratio)])
  }
  tables.push({
    title: `one session, ${NODE_LINES}`,
    columns: ['Node', 'lock.sh status', 'node -e 0', 'ratio'],
    lines,
  })
  goals.push(
    goal('status of one session / shell, a jq for each field', wall(1, 'shell, a jq for each field'), {
      most: 0.5,
    }),
    goal('status of one session / shell, one jq', wall(1, 'shell, one jq'), { most: 0.5 }),
    goal('status of 1,000 sessions / node -e 0', wall(1000, 'node -e 0'), { most: 2.5 }),
    goal('status of 10,000 sessions / node -e 0', wall(10_000, 'node -e 0'), { most: 12 }),
  )
  const jq = spread1000(ratios)
  return {
    title: '`status`',
    tables,
    goals,
    remarks: [
      'The records are copies of that of one session that lives.',
      `The shell version with one jq for all records takes ${jq} times as long as \`lock.sh status\` for 1,000 sessions. It looks at five fields and at whether a process has the PID; it knows nothing of start times, attention, or a record that is damaged.`,
      '`tmux list-sessions` asks a server that is running, and tells whether a session exists, not whether it works.',
    ],
  }
}

const spread1000 = (ratios) =>
  short(ratioOf(ratios[1000]['shell, one jq'].wall, ratios[1000]['lock.sh status'].wall))
