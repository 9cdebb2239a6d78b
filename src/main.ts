/** From argv to an exit code; the only place that touches them. */
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { NonBlockingWriter } from './cli/non-blocking-writer.ts'
import { parseArguments, parseRequest } from './cli/parse.ts'
import { STDERR, STDOUT, terminalOf, write } from './cli/terminal.ts'
import { loadVerb, loadVerbs, type NamedVerb, type Program } from './cli/verb.ts'
import { DETACHED_START } from './core/detached-start.ts'
import { EXIT_CODES, errors, formatError, LockError } from './core/errors.ts'
import { printableLines } from './core/printable.ts'
import { traceOf } from './core/system-error.ts'
import { isTerminal } from './process/terminal.ts'
import { VERBS } from './verbs/index.ts'
import { realWorld } from './world.ts'

declare const VERSION: string

/** An unexpected error of a system call (a full table of files, a failing disk) is no defect of this program. */
const asLockError = (error: unknown): LockError | null => {
  if (error instanceof LockError) return error
  if (!(error instanceof Error) || !('syscall' in error && 'code' in error)) return null
  const of = 'path' in error ? ` of ${String(error.path)}` : ''
  return errors.io(`${String(error.syscall)}${of} failed`, error)
}

const stderr = new NonBlockingWriter(STDERR, process.platform)

const report = (program: string, error: unknown): number => {
  const known = asLockError(error)
  if (known !== null) {
    stderr.write(`${printableLines(`${program}: ${formatError(known)}`)}\n`)
    if (process.env.LOCK_DEBUG) stderr.write(`${printableLines(traceOf(error))}\n`)
    return known.exitCode
  }
  const details = process.env.LOCK_DEBUG ? traceOf(error) : String(error)
  stderr.write(`${program}: an unexpected error, please report it: ${details}\n`)
  return EXIT_CODES.io
}

/** In a terminal that a full-screen program has, a line feed alone goes straight down. */
const say = (text: string): void => {
  const lines = `${printableLines(text)}\n`
  stderr.write(isTerminal(STDERR) ? lines.replaceAll('\n', '\r\n') : lines)
}

const closeQuietly = (fd: number): void => {
  try {
    closeSync(fd)
  } catch {
    // It was closed from the start.
  }
}

/** @param verb `null` for the help of the whole program @param asked whether help was asked for, or is given */
const showHelp = async (program: Program, verb: NamedVerb | null, asked: boolean): Promise<number> => {
  const { programHelp, verbHelp } = await import('./cli/help.ts')
  const fd = asked ? STDOUT : STDERR
  const { columns: width } = terminalOf(fd, process.env)
  const columns = Number.isFinite(width) ? width : 80
  write(
    fd,
    verb === null
      ? await programHelp(program, await loadVerbs(VERBS, program), VERBS, columns)
      : await verbHelp(verb, columns),
  )
  return asked ? 0 : EXIT_CODES.usage
}

const main = async (program: Program, argv: readonly string[]): Promise<number> => {
  const request = parseRequest(VERBS, program, argv)
  if (request.kind === 'version') {
    write(STDOUT, `${VERSION}\n`)
    return 0
  }
  const verb = request.verb === null ? null : await loadVerb(VERBS, program, request.verb)
  if (request.kind === 'help' || verb === null)
    return showHelp(program, verb, request.kind !== 'help' || request.asked)
  const args = parseArguments(verb, request.words)
  if (args === 'help') return showHelp(program, verb, true)
  const world = await realWorld((line) => say(`${program}: ${line}`))
  return verb.run(world, args, {
    node: process.execPath,
    script: join(__dirname, 'loader.cjs'),
    directory: __dirname,
  })
}

/** In the pane of a detached run. */
const detachedMain = async (program: Program, start: string): Promise<number> => {
  const { adoptStart, leavePane } = await import('./detached-start.ts')
  try {
    return await main(program, adoptStart(start))
  } finally {
    await leavePane()
  }
}

const exit = (code: number): never => {
  stderr.flush()
  // Node gives terminals their modes back at its end, and aborts when one of them has gone meanwhile.
  for (const fd of [0, 1, 2]) closeQuietly(fd)
  process.exit(code)
}

// To take a trace of each error takes longer than the system call that failed, and most are expected: a file is not there.
if (!process.env.LOCK_DEBUG) Error.stackTraceLimit = 0

const [, , program, ...argv] = process.argv
const isProgram = program === 'engine' || program === 'lock'
const done = isProgram
  ? argv[0] === DETACHED_START
    ? detachedMain(program, argv[1] ?? '')
    : main(program, argv)
  : Promise.reject(errors.usage('start it as engine.sh or lock.sh'))
done.then(exit, (error: unknown) => exit(report(isProgram ? program : 'tmux-session-lock', error)))
