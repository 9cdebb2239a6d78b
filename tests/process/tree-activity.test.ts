/** What real processes show from outside. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProcessInspector } from '../../src/core/ports.ts'
import type { ProcessReference } from '../../src/core/record.ts'
import { systemInspector } from '../../src/process/inspector.ts'
import { procfsInspector } from '../../src/process/procfs.ts'
import {
  type ActivityReader,
  procfsActivity,
  psActivity,
  type TreeActivity,
} from '../../src/process/tree-activity.ts'
import { type Child, kill, killAfterwards, start, startReady, stateLetter } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const onLinux = process.platform === 'linux'
const hasTmux = spawnSync('tmux', ['-V']).status === 0

const fieldsOf = (pid: number): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
const referenceTo = (pid: number): ProcessReference => ({ pid, pid_started: Number(fieldsOf(pid)[19]) })
const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number)

/** With its children; one that ends meanwhile is left out. */
const familyOf = (pid: number): readonly ProcessReference[] => [
  referenceTo(pid),
  ...childrenOf(pid).flatMap((child) => {
    try {
      return [referenceTo(child)]
    } catch {
      return []
    }
  }),
]

const sleeps = (pid: number) => eventually(`${pid} sleeps`, () => stateLetter(pid) === 'S')

const NO_IO: TreeActivity['io'] = {
  lasting: 0,
  payload: 0,
  payloadWritten: 0,
  payloadDetached: 0,
  circulates: false,
  all: 0,
  allWritten: 0,
  loaded: 0,
  storage: 0,
}

const IDLE: Omit<TreeActivity, 'totals'> = {
  io: NO_IO,
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
}

const isIdle = ({ totals: _, ...seen }: TreeActivity): boolean => isDeepStrictEqual(seen, IDLE)

/** It takes a fresh snapshot for every reading. */
type Reader = Pick<ActivityReader, 'isExpensive' | 'listener' | 'waitsFor'> & {
  read(tree: readonly ProcessReference[]): TreeActivity
}
const lookingWith = (reader: ActivityReader, inspector: ProcessInspector): Reader => ({
  isExpensive: reader.isExpensive,
  listener: () => reader.listener(),
  waitsFor: () => reader.waitsFor(),
  read: (tree) => reader.read(tree, inspector.snapshot()),
})
const procfsReader = (): Reader => lookingWith(procfsActivity(), procfsInspector())

/** Looks until the next one finds it. */
const untilSeen = (
  reader: Reader,
  tree: () => readonly ProcessReference[],
  what: string,
  check: (seen: TreeActivity) => boolean,
): Promise<TreeActivity> =>
  eventually(what, () => {
    const seen = reader.read(tree())
    return check(seen) && seen
  })

/** A shell that does as it is told, line by line, and says `done`. */
const obedient = async (): Promise<Child & { readonly tell: (line: string) => Promise<void> }> => {
  const child = await startReady('bash', [
    '-c',
    'echo ready; while read -r line; do eval "$line"; echo done; done',
  ])
  let said = 0
  child.process.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString().split('done').length - 1
  })
  let told = 0
  return {
    ...child,
    tell: async (line) => {
      told += 1
      child.process.stdin?.write(`${line}\n`)
      await eventually(`it has done ${line}`, () => said === told)
    },
  }
}

describe.skipIf(!onLinux)('the activity of a tree, read from /proc', () => {
  it('is exactly nothing for what sleeps', async () => {
    const child = start('sleep', ['300'])
    await sleeps(child.pid)
    await eventually('it is quiet', () => {
      const reader = procfsReader()
      reader.read([referenceTo(child.pid)])
      return isIdle(reader.read([referenceTo(child.pid)]))
    })
  })

  const PAIRS = [
    [
      'two pipes',
      `coproc while read -r word; do echo "answer to $word"; done; while :; do echo question >&"\${COPROC[1]}"; read -r answer <&"\${COPROC[0]}"; sleep 0.05; done`,
    ],
    [
      'two FIFOs',
      'mkfifo a b; (while read -r word; do echo "answer to $word"; done <a >b) & exec 3>a 4<b; while :; do echo question >&3; read -r answer <&4; sleep 0.05; done',
    ],
  ] as const
  it.each(PAIRS)('goes round when two processes talk to each other through %s', async (_, script) => {
    const child = start('bash', ['-c', script], { cwd: tempDir() })
    const reader = procfsReader()
    const tree = () => familyOf(child.pid)
    const { io } = await untilSeen(reader, tree, 'questions and answers', (seen) => seen.io.payload > 0)
    const seen =
      io.circulates ||
      (await untilSeen(reader, tree, 'a round', ({ io: { circulates } }) => circulates === true))
    expect(seen).toBeTruthy()
  })

  it.each([
    [
      'in a pipeline',
      // It ends with the test: the parts of a pipeline would outlive the shell that is killed.
      'while kill -0 $$ 2>/dev/null; do echo "a line of text"; sleep 0.02; done | while read -r line; do echo "$line" >&3; done 3>/dev/null',
    ],
    ['when one of them writes into a file', PAIRS[0][1].replace('sleep', 'echo "some line" >>log; sleep')],
  ])('does not go round %s', async (_, script) => {
    const { pid } = start('bash', ['-c', script], { cwd: tempDir() })
    const reader = procfsReader()
    const tree = () => familyOf(pid)
    await eventually('its parts run', () => childrenOf(pid).length > 0)
    let rounds = 0
    for (let n = 0; n < 10; n += 1) {
      const { io } = await untilSeen(reader, tree, 'bytes', (seen) => seen.io.payload > 0)
      if (io.circulates) rounds += 1
    }
    // A sample may see the questions alone.
    expect(rounds).toBeLessThan(10)
  })

  it('is nothing for what waits for a peer that never answers', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
    })
    const { port } = await eventually('it listens', () => {
      const address = server.address()
      return typeof address === 'object' && address !== null && address
    })
    const child = await startReady('bash', [
      '-c',
      `exec 3<>/dev/tcp/127.0.0.1/${port}; echo ready; read -r -u 3`,
    ])
    const reader = procfsReader()
    const tree = [referenceTo(child.pid)]
    reader.read(tree)
    // Not before it is there: a shell that gets no processor on its way does nothing either, and then goes on.
    await untilSeen(
      reader,
      () => tree,
      'it is quiet where it waits',
      (seen) => isIdle(seen) && stateLetter(child.pid) === 'S',
    )
  })

  it('counts from the first reading on', async () => {
    const child = await obedient()
    await child.tell('for ((i = 0; i < 20000; i++)); do :; done; printf %s {1..2000} >/dev/null')
    const reader = procfsReader()
    expect(reader.read([referenceTo(child.pid)])).toEqual({ ...IDLE, totals: { ioBytes: 0, cpuSeconds: 0 } })
  })

  it('is processor time for a busy loop, and no bytes', async () => {
    const child = start('bash', ['-c', 'while :; do :; done'])
    const reader = procfsReader()
    const tree = [referenceTo(child.pid)]
    reader.read(tree)
    const seen = await untilSeen(
      reader,
      () => tree,
      'it computes, and has read what a shell reads when it starts',
      ({ io, totals }) => totals.cpuSeconds > 0.05 && isDeepStrictEqual(io, NO_IO),
    )
    expect(seen).toMatchObject({ processesChange: false, blocked: null })
    const before = seen.totals.cpuSeconds
    await untilSeen(
      reader,
      () => tree,
      'it adds up',
      ({ totals }) => totals.cpuSeconds > before + 0.05,
    )
  })

  it('is processor time of all threads, in less than a hundredth of a second', async () => {
    // It rests now and then: what a thread computes that never stops may be counted in ticks, too.
    const thread = `const pause = new Int32Array(new SharedArrayBuffer(4))
      for (;;) {
        for (const end = performance.now() + 2; performance.now() < end; );
        Atomics.wait(pause, 0, 0, 8)
      }`
    const child = await startReady(process.execPath, [
      '-e',
      `const { Worker } = require('worker_threads')
       new Worker(${JSON.stringify(thread)}, { eval: true })
       setTimeout(() => console.log('ready'), 50)`,
    ])
    const reader = procfsReader()
    const tree = [referenceTo(child.pid)]
    reader.read(tree)
    await untilSeen(
      reader,
      () => tree,
      'the thread is seen',
      ({ cpuSeconds }) => cpuSeconds > 0,
    )
    // The ticks of `stat` would be 0, or 0.01 and more.
    let least = Number.POSITIVE_INFINITY
    await eventually('a small step is seen', () => {
      const { cpuSeconds } = reader.read(tree)
      if (cpuSeconds > 0) least = Math.min(least, cpuSeconds)
      return least < 0.009
    })
  })

  it('is the bytes that it writes and reads, of a process that stays', async () => {
    const dir = tempDir()
    const child = await obedient()
    const reader = procfsReader()
    const tree = [referenceTo(child.pid)]
    reader.read(tree)
    await child.tell(`printf %05000d 0 >${dir}/file`)
    const written = reader.read(tree)
    expect(written.io.lasting).toBeGreaterThanOrEqual(5000)
    expect(written.io.lasting).toBeLessThan(6000)
    expect(written.io.all).toBe(written.io.lasting)
    await child.tell(`mapfile text <${dir}/file`)
    const read = reader.read(tree)
    expect(read.io.lasting).toBeGreaterThanOrEqual(5000)
    // With the few bytes that might be wake-ups: the shell reads its orders one by one.
    const beyond = read.totals.ioBytes - written.io.all - read.io.all
    expect(beyond).toBeGreaterThanOrEqual(0)
    expect(beyond).toBeLessThan(200)
  })

  it('is a change of processes when children have ended between two readings, and their work counts', async () => {
    const dir = tempDir()
    const child = await obedient()
    const reader = procfsReader()
    const tree = () => [child.pid, ...childrenOf(child.pid)].map(referenceTo)
    reader.read(tree())
    await child.tell(
      `/bin/bash -c 'for ((i = 0; i < 30000; i++)); do :; done; printf %05000d 0 >${dir}/file'`,
    )
    const seen = reader.read(tree())
    expect(seen.processesChange).toBe(true)
    expect(seen.io.all).toBeGreaterThanOrEqual(5000)
    // The parent's own, which has read a line and said that it is done.
    expect(seen.io.lasting).toBeLessThan(5000)
    expect(seen.cpuSeconds).toBeGreaterThan(0)
    expect(reader.read(tree())).toMatchObject({ processesChange: false })
  })

  it('is a change of processes when one comes and when one goes', async () => {
    const child = await obedient()
    const reader = procfsReader()
    const tree = () => [child.pid, ...childrenOf(child.pid)].map(referenceTo)
    reader.read(tree())
    await child.tell('sleep 300 & pid=$!')
    const [sleeper] = childrenOf(child.pid)
    killAfterwards(sleeper ?? 0)
    expect(reader.read(tree()).processesChange).toBe(true)
    expect(reader.read(tree()).processesChange).toBe(false)
    await child.tell('kill $pid; wait $pid 2>/dev/null')
    expect(reader.read(tree()).processesChange).toBe(true)
    expect(reader.read(tree()).processesChange).toBe(false)
  })

  it('does not take who has got the pid of another for it', () => {
    const child = start('sleep', ['300'])
    const reader = procfsReader()
    const reference = referenceTo(child.pid)
    reader.read([reference])
    expect(reader.read([{ ...reference, pid_started: reference.pid_started - 1 }])).toMatchObject({
      processesChange: true,
      io: { all: 0 },
    })
  })

  it('survives processes that are gone, and an empty tree', async () => {
    const child = start('true', [])
    const reference = referenceTo(child.pid)
    await child.ended
    const reader = procfsReader()
    expect(reader.read([reference])).toMatchObject(IDLE)
    expect(reader.read([])).toMatchObject(IDLE)
  })

  it('is stopped when one of them is', async () => {
    const [one, two] = [start('sleep', ['300']), start('sleep', ['300'])]
    const reader = procfsReader()
    const tree = [one, two].map(({ pid }) => referenceTo(pid))
    expect(reader.read(tree).blocked).toBeNull()
    process.kill(two.pid, 'SIGSTOP')
    await untilSeen(
      reader,
      () => tree,
      'it is stopped',
      ({ blocked }) => blocked === 'stopped',
    )
    process.kill(two.pid, 'SIGCONT')
    await untilSeen(
      reader,
      () => tree,
      'it goes on',
      ({ blocked }) => blocked === null,
    )
  })

  it('names with spaces and brackets do not confuse it', async () => {
    const child = await startReady('perl', ['-e', '$0 = ") S 1 (x) R"; $| = 1; print "ready\\n"; sleep 300'])
    const reader = procfsReader()
    expect(reader.read([referenceTo(child.pid)]).blocked).toBeNull()
    process.kill(child.pid, 'SIGSTOP')
    await untilSeen(
      reader,
      () => [referenceTo(child.pid)],
      'it is stopped',
      ({ blocked }) => blocked === 'stopped',
    )
  })
})

describe.skipIf(!onLinux)('what a silent tree waits for', () => {
  const wordsFor = async (pid: number, expected: string): Promise<void> => {
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => [referenceTo(pid)],
      `it ${expected}`,
      () => reader.waitsFor()?.endsWith(`(pid ${pid}) ${expected}`) === true,
    )
  }

  it.each([
    ['cat', [], 'waits in a read of its standard input (a socket)'],
    ['sleep', ['300'], 'sleeps'],
  ])('%s', async (program, args, expected) => {
    await wordsFor(start(program, args, { stdio: ['pipe', 'ignore', 'ignore'] }).pid, expected)
  })

  it.each([
    ['sleep 300 | { exec 4<&0; exec cat; }', 'waits in a read of its standard input (a pipe)'],
    ['{ exec yes; } | sleep 300', 'waits in a write to its standard output (a pipe)'],
  ])('the member of a pipeline: %s', async (script, expected) => {
    const child = start('bash', ['-c', `${script}; :`])
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => [child.pid, ...childrenOf(child.pid)].map(referenceTo),
      expected,
      () => reader.waitsFor()?.endsWith(expected) === true,
    )
    for (const pid of childrenOf(child.pid)) killAfterwards(pid)
  })

  it('a lock that another one holds', async () => {
    const file = `${tempDir()}/lock`
    const holder = start('flock', [file, 'sleep', '300'])
    await eventually('it is held', () => childrenOf(holder.pid).length > 0)
    for (const pid of childrenOf(holder.pid)) killAfterwards(pid)
    await wordsFor(start('flock', [file, 'true']).pid, `waits in a lock of ${file}`)
  })
})

describe.skipIf(!onLinux)('payload', () => {
  it.each([
    [
      'threads that wake each other',
      'import os\nr, w = os.eventfd(0), 0\nwhile True: os.eventfd_write(r, 1); os.eventfd_read(r); time.sleep(.02)',
      false,
    ],
    [
      'an open file of /proc',
      'f = open("/proc/self/statm", "rb", 0)\nwhile True: f.seek(0); f.read(999); time.sleep(.02)',
      false,
    ],
    [
      'a file of its own',
      'f = open("/dev/null", "wb", 0)\nwhile True: f.write(b"x" * 40); time.sleep(.02)',
      true,
    ],
  ])('%s', async (_, script, isPayload) => {
    if (spawnSync('python3', ['-c', 'import os; os.eventfd']).status !== 0) return
    const child = await startReady('python3', ['-c', `import time; print("ready", flush=True)\n${script}`])
    const reader = procfsReader()
    const tree = [referenceTo(child.pid)]
    reader.read(tree)
    const before = reader.read(tree)
    // That it is ready may be counted only after it was heard.
    const { io } = await untilSeen(
      reader,
      () => tree,
      'bytes move',
      ({ totals: { ioBytes } }) => ioBytes > before.totals.ioBytes + 'ready\n'.length,
    )
    expect(io.payload > 0).toBe(isPayload)
    expect(io.payloadWritten > 0).toBe(isPayload)
  })

  it('is all that counts as bytes: not thousands of times that a thread wakes another', async () => {
    if (spawnSync('python3', ['-c', 'import os; os.eventfd']).status !== 0) return
    // What a process that has waited for a child has moved itself is in another file, which is read a moment later.
    const script =
      'import os\nos.system(":")\nprint("ready", flush=True)\nr = os.eventfd(0)\nwhile True: os.eventfd_write(r, 1); os.eventfd_read(r)'
    const child = await startReady('python3', ['-c', script])
    const reader = procfsReader()
    const tree = [referenceTo(child.pid)]
    reader.read(tree)
    const before = reader.read(tree).totals.ioBytes
    const look = (): number => {
      const { io, totals } = reader.read(tree)
      // Less than a thousand: it goes on while its counters are read one after the other.
      for (const bytes of [io.lasting, io.all, io.allWritten ?? 0]) expect(bytes).toBeLessThan(1000)
      return totals.ioBytes - before
    }
    for (let readings = 0; readings < 500; readings += 1) look()
    await eventually('many bytes move', () => look() > 100_000)
  })

  it('counts when it is moved byte by byte, which is no waking up', async () => {
    const { pid } = start('dd', ['bs=1', 'if=/dev/zero', 'of=/dev/null'])
    const reader = procfsReader()
    reader.read([referenceTo(pid)])
    const moved = { lasting: 0, all: 0, allWritten: 0 }
    await eventually('bytes move', () => {
      const { io } = reader.read([referenceTo(pid)])
      moved.lasting += io.lasting
      moved.all += io.all
      moved.allWritten += io.allWritten ?? 0
      return Math.min(moved.lasting, moved.all, moved.allWritten) > 100_000
    })
  })
})

describe.skipIf(!onLinux || !hasTmux)('at a terminal', () => {
  /** The pid of a command in a pane of a tmux server of this test's own. */
  const inPane = async (command: string): Promise<{ pid: number; type: (text: string) => void }> => {
    // A socket's path has little room.
    const dir = mkdtempSync(`${process.env.SUITE_DIR ?? '/tmp'}/lock-tty.`)
    const env = { ...process.env, TMUX_TMPDIR: dir, SHELL: '/bin/sh' }
    const tmux = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync('tmux', args, { env, encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      return stdout.trim()
    }
    onTestFinished(() => {
      spawnSync('tmux', ['kill-server'], { env })
      rmSync(dir, { recursive: true, force: true })
    })
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'test', command)
    const pid = Number(tmux('display-message', '-p', '-t', '=test:', '#{pane_pid}'))
    // The end of a terminal does not end the processes in its background.
    onTestFinished(() => {
      for (const member of treeOf(pid)) kill(member.pid)
    })
    return {
      pid,
      type: (text) => tmux('send-keys', '-t', '=test:', text, 'Enter'),
    }
  }
  const treeOf = (root: number): readonly ProcessReference[] => {
    const pids = [root]
    const tree: ProcessReference[] = []
    for (const pid of pids) {
      try {
        tree.push(referenceTo(pid))
        pids.push(...childrenOf(pid))
      } catch {
        // Gone meanwhile.
      }
    }
    return tree
  }

  it.each([
    ['bash', 'exec bash -c \'read -rp "Continue? [y/N] " answer; exec sleep 300\''],
    ['cat', "bash -c 'cat >/dev/null; :'"],
    ['python', 'exec python3 -c \'input("Continue? "); import time; time.sleep(300)\''],
    ['perl', 'exec perl -e \'print "? "; $x = <STDIN>; sleep 300\''],
    ['a reader of /dev/tty', "exec bash -c 'read -r answer </dev/tty; exec sleep 300'"],
  ])('whoever waits for a person is seen: %s', async (name, command) => {
    if (name === 'python' && spawnSync('python3', ['-V']).status !== 0) return
    const { pid, type } = await inPane(command)
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => treeOf(pid),
      'it waits',
      ({ blocked }) => blocked === 'awaiting-input',
    )
    if (name === 'cat') return
    type('y')
    await untilSeen(
      reader,
      () => treeOf(pid),
      'it goes on',
      ({ blocked }) => blocked === null,
    )
  })

  it.each([
    ['select', 'python3', 'import select; select.select([0], [], [])'],
    ['poll', 'python3', 'import select; p = select.poll(); p.register(0, select.POLLIN); p.poll()'],
    [
      'epoll',
      'python3',
      'import select, os; e = select.epoll(); e.register(os.open("/dev/tty", 0), select.EPOLLIN); e.poll()',
    ],
    [
      'a thread',
      'python3',
      'import threading, os, time; threading.Thread(target=lambda: os.read(0, 1)).start(); time.sleep(300)',
    ],
    ['the event loop of Node', 'node', 'process.stdin.on("data", () => {})'],
  ])('who listens to the terminal in %s is named', async (_, program, script) => {
    if (spawnSync(program, ['-V']).error !== undefined) return
    const { pid } = await inPane(
      `bash -c '${program} ${program === 'node' ? '-e' : '-c'} "$1"; :' - '${script}'`,
    )
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => treeOf(pid),
      'it listens',
      ({ blocked }) => blocked === null && reader.listener() !== null,
    )
    expect(reader.listener()).toMatch(new RegExp(`^${program}\\d* \\(pid \\d+\\) listens to the terminal$`))
  })

  it.each([
    ['sleeps', 'sleep 300'],
    [
      'waits for a peer in poll',
      'python3 -c "import socket, select; a, b = socket.socketpair(); select.select([a], [], [])"',
    ],
    ['watches a file', 'tail -f /dev/null'],
    ['waits for a timer in its event loop', 'node -e "setInterval(() => {}, 1e6)"'],
  ])('who %s does not listen, though its standard input is the terminal', async (_, command) => {
    const { pid } = await inPane(`exec ${command}`)
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => treeOf(pid),
      'it has settled',
      ({ cpuSeconds, io: { all } }) => cpuSeconds === 0 && all === 0,
    )
    expect(reader.listener()).toBeNull()
  })

  it('a write to a terminal that is held is named', async () => {
    const { pid, type } = await inPane(`exec bash -c 'while :; do echo something; sleep 0.05; done'`)
    await eventually('it prints', () => childrenOf(pid).length > 0)
    type('\u0013')
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => treeOf(pid),
      'it is held',
      () =>
        reader.waitsFor() === `bash (pid ${pid}) waits in a write to the terminal, which is held (Ctrl-S)`,
    )
  })

  it.each([
    ['sleeps', 'exec sleep 300'],
    ['reads a pipe', "exec bash -c 'sleep 300 | read -r line'"],
    ['waits for a child', "exec bash -c 'sleep 300; :'"],
    [
      'reads in the background',
      'exec bash -c \'set -m; trap "" TTIN; (sleep 300; read -r x) & exec sleep 300\'',
    ],
  ])('who %s does not wait for a person', async (_, command) => {
    const { pid } = await inPane(command)
    await eventually('it is under way', () => childrenOf(pid).length > 0 || fieldsOf(pid)[0] === 'S')
    const reader = procfsReader()
    await untilSeen(
      reader,
      () => treeOf(pid),
      'it has settled',
      ({ cpuSeconds, processesChange }) => cpuSeconds === 0 && !processesChange,
    )
    expect(reader.read(treeOf(pid)).blocked).toBeNull()
  })
})

describe('the activity of a tree, read with ps', async () => {
  const inspector = await systemInspector(process.platform, 'ps')
  const psReader = (): Reader => lookingWith(psActivity(), inspector)
  const referenceByPs = (pid: number): ProcessReference => {
    const found = inspector.snapshot().inspect(pid)
    if (found.kind !== 'process') throw new Error(`no process ${pid}`)
    return { pid, pid_started: found.facts.started }
  }

  it('is processor time for a busy loop, also below the worker', async () => {
    const child = await startReady('bash', ['-c', 'echo ready; bash -c "while :; do :; done"; :'])
    // Wherever it stands when the test ends: nobody else would end it.
    const [computing] = await eventually('it has a child', () => {
      const children = childrenOf(child.pid)
      return children.length > 0 && children
    })
    killAfterwards(computing ?? 0)
    const reader = psReader()
    const tree = [referenceByPs(child.pid)]
    reader.read(tree)
    const seen = await untilSeen(
      reader,
      () => tree,
      'it computes',
      ({ totals }) => totals.cpuSeconds >= 1,
    )
    expect(seen).toMatchObject({ io: NO_IO, blocked: null })
    // What was before the first reading does not count.
    expect(psReader().read(tree).totals.cpuSeconds).toBe(0)
  })

  it('is nothing for what sleeps, and stopped when it is', async () => {
    const child = start('sleep', ['300'])
    const reader = psReader()
    const tree = [referenceByPs(child.pid)]
    reader.read(tree)
    expect(reader.read(tree)).toMatchObject(IDLE)
    process.kill(child.pid, 'SIGSTOP')
    await untilSeen(
      reader,
      () => tree,
      'it is stopped',
      ({ blocked }) => blocked === 'stopped',
    )
  })

  it('is a change of processes when one comes and when one goes', async () => {
    const child = await obedient()
    const reader = psReader()
    const tree = [referenceByPs(child.pid)]
    reader.read(tree)
    await child.tell('sleep 300 & pid=$!')
    expect(reader.read(tree).processesChange).toBe(true)
    expect(reader.read(tree).processesChange).toBe(false)
    await child.tell('kill $pid; wait $pid 2>/dev/null')
    expect(reader.read(tree).processesChange).toBe(true)
  })

  it('says that it costs a process', () => {
    expect([psReader().isExpensive, procfsReader().isExpensive]).toEqual([true, false])
  })
})
