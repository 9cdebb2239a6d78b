/**
 * What strace(1) has seen: the system calls that touch the lock directory, each with the options that meet the same
 * call again in another run.
 *
 * strace counts the calls of a thread, by name (`when=N`), and with `-P PATH` only those that name the path or have it
 * open. That meets a file whose name is the same in every run; so is that of a temporary file, which is made from the
 * PID, in a PID namespace of the trial's own. A file with the time in its name is met by the number of its call among
 * all calls of that name, which whatever else is read can shift.
 */
export type Point = {
  readonly syscall: string
  /** Relative to the lock directory, with numbers that change replaced by `#`; for people, and to recognise it. */
  readonly target: string
  /** Which one, of those with this name and target. */
  readonly occurrence: number
  /** Relative to the lock directory, as it was; `.` for the directory itself. */
  readonly path: string
  /** The `N` of `when=N`: among the calls of that name that touch the path, and among all of that name. */
  readonly whenOfPath: number
  readonly whenOfAll: number
  readonly creates: boolean
  /** Not in the main thread: strace has to follow the others, too. */
  readonly inThread: boolean
}

type Call = { readonly thread: string; readonly syscall: string; readonly text: string }

/** A call at its beginning; what is resumed has been counted already. */
const parseCall = (line: string, followed: boolean): Call | null => {
  const match = (followed ? /^(\d+) +(\w+)\((.*)$/ : /^()(\w+)\((.*)$/).exec(line)
  return match === null ? null : { thread: match[1] ?? '', syscall: match[2] ?? '', text: match[3] ?? '' }
}

/** Threads of the traced program: its own tid, and those that were cloned as threads. */
const threadsOf = (lines: readonly string[], main: string): ReadonlySet<string> => {
  const threads = new Set([main])
  for (const line of lines) {
    const tid = /^(\d+) .*CLONE_THREAD.*parent_tid=\[(\d+)\]/.exec(line)
    if (tid !== null && threads.has(tid[1] ?? '')) threads.add(tid[2] ?? '')
    // Unfinished and resumed: the flags are on another line, and a process would not have parent_tid set.
    const resumed = /^(\d+) <\.\.\. clone3 resumed> => \{parent_tid=\[(\d+)\]\}/.exec(line)
    if (resumed !== null && threads.has(resumed[1] ?? '')) threads.add(resumed[2] ?? '')
  }
  return threads
}

const pathsIn = (text: string, dir: string): readonly string[] =>
  [...text.matchAll(/["<]([^"<>]*)[">]/g)].flatMap(([, path]) =>
    path === dir || path?.startsWith(`${dir}/`) ? [path] : [],
  )

export const normalised = (path: string, dir: string): string =>
  path === dir ? '.' : path.slice(dir.length + 1).replaceAll(/\d{4,}(T\d+-\d+Z)?/g, '#')

/**
 * @param trace of `strace -f -y`, all calls
 * @param dir the lock directory
 * @param pid the program, where it is not the first in the trace
 */
export const pointsOf = (trace: string, dir: string, pid?: number): readonly Point[] => {
  const lines = trace.split('\n')
  const main = pid === undefined ? (/^(\d+) /.exec(lines[0] ?? '')?.[1] ?? '') : String(pid)
  const threads = threadsOf(lines, main)
  const counts = new Map<string, number>()
  const count = (key: string): number => {
    const next = (counts.get(key) ?? 0) + 1
    counts.set(key, next)
    return next
  }
  return lines.flatMap((line): Point[] => {
    const call = parseCall(line, true)
    if (call === null || !threads.has(call.thread)) return []
    const { syscall, thread, text } = call
    const among = count(`${thread} ${syscall}`)
    const paths = [...new Set(pathsIn(text, dir))]
    const ofPath = new Map(paths.map((path) => [path, count(`${thread} ${syscall} ${path}`)]))
    const first = paths[0]
    if (first === undefined) return []
    const target = paths.map((path) => normalised(path, dir)).join(' -> ')
    return [
      {
        syscall,
        target,
        occurrence: count(`signature ${syscall} ${target}`),
        // Of a rename strace looks at the first name only.
        path: first === dir ? '.' : first.slice(dir.length + 1),
        whenOfPath: ofPath.get(first) ?? 1,
        whenOfAll: among,
        creates: text.includes('O_CREAT'),
        inThread: thread !== main,
      },
    ]
  })
}

export const nameOf = ({ syscall, target, occurrence }: Point): string =>
  `${syscall} ${target} #${occurrence}`

/** The call that was met: the last one before the kill, or the one that strace marks as injected. */
export const metCall = (
  trace: string,
  dir: string,
  followed: boolean,
): { readonly syscall: string; readonly target: string } | null => {
  const lines = trace.split('\n')
  const injected = lines.find((line) => line.includes('(INJECTED)'))
  // Without an answer: the program died in it.
  const last = lines.filter((line) => line.endsWith('= ?')).at(-1)
  const call = parseCall(injected ?? last ?? '', followed)
  if (call === null) return null
  const target = [...new Set(pathsIn(call.text, dir))].map((path) => normalised(path, dir)).join(' -> ')
  return { syscall: call.syscall, target }
}

const ANY: readonly string[] = ['EIO', 'EACCES']
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  openat: ['EIO', 'EACCES', 'EMFILE', 'EINTR'],
  mkdir: ['ENOSPC', ...ANY],
  rename: ['ENOSPC', ...ANY],
  unlink: ANY,
  write: ['ENOSPC', 'EIO', 'EINTR'],
  pwrite64: ['ENOSPC', 'EIO', 'EINTR'],
  writev: ['ENOSPC', 'EIO', 'EINTR'],
  read: ['EIO', 'EINTR'],
  pread64: ['EIO', 'EINTR'],
  fsync: ['ENOSPC', 'EIO', 'EINTR'],
  fdatasync: ['ENOSPC', 'EIO', 'EINTR'],
  ftruncate: ['EIO', 'EINTR'],
  // strace would leave it open, which no kernel does.
  close: [],
  getdents64: ['EIO'],
}

/** What this call can be made to fail with. */
export const errorsOf = ({ syscall, creates }: Point): readonly string[] => [
  ...(ERRORS[syscall] ?? ANY),
  ...(creates ? ['ENOSPC'] : []),
]
