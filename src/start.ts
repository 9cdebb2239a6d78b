/** From argv to an exit code; the only place that touches them. */
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { NonBlockingWriter } from './cli/non-blocking-writer.ts'
import { parse } from './cli/parse.ts'
import type { Program, Verb } from './cli/spec.ts'
import { STDERR, STDOUT, terminalOf, write } from './cli/terminal.ts'
import type { Run } from './cli/verb.ts'
import { EXIT_CODES, errors, formatError, LockError } from './core/errors.ts'
import { printableLines } from './core/printable.ts'
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
    return known.exitCode
  }
  const details = process.env.LOCK_DEBUG
    ? String(error instanceof Error ? error.stack : error)
    : String(error)
  stderr.write(`${program}: an unexpected error, please report it: ${details}\n`)
  return EXIT_CODES.io
}

const closeQuietly = (fd: number): void => {
  try {
    closeSync(fd)
  } catch {
    // It was closed from the start.
  }
}

type Runs = Partial<Readonly<Record<Verb, Run>>>

const main = async (program: Program, args: readonly string[], runs: Runs): Promise<number> => {
  const parsed = parse(program, args)
  switch (parsed.kind) {
    case 'version':
      write(STDOUT, `${VERSION}\n`)
      return 0
    case 'help': {
      const { helpText } = await import('./cli/help.ts')
      const fd = parsed.asked ? STDOUT : STDERR
      const { columns } = terminalOf(fd, process.env)
      write(fd, await helpText(program, parsed.spec, Number.isFinite(columns) ? columns : 80))
      return parsed.asked ? 0 : EXIT_CODES.usage
    }
    case 'arguments': {
      const world = await realWorld((line) => stderr.write(`${printableLines(`${program}: ${line}`)}\n`))
      const self = {
        node: process.execPath,
        script: join(__dirname, 'main.cjs'),
        scripts: { refresher: join(__dirname, 'refresher.js'), recorder: join(__dirname, 'recorder.js') },
      }
      const run = runs[parsed.args.spec.verb as Verb]
      if (run === undefined) throw new Error(`${parsed.args.spec.verb} is not in this part of the program`)
      return run(world, parsed.args, self)
    }
  }
}

export const start = (runs: Runs): void => {
  const [, , program, ...args] = process.argv
  const exit = (code: number): never => {
    stderr.flush()
    // Node gives terminals their modes back at its end, and aborts when one of them has gone meanwhile.
    for (const fd of [0, 1, 2]) closeQuietly(fd)
    process.exit(code)
  }
  const isProgram = program === 'engine' || program === 'lock'
  const done = isProgram
    ? main(program, args, runs)
    : Promise.reject(errors.usage('start it as engine.sh or lock.sh'))
  done.then(exit, (error: unknown) => exit(report(isProgram ? program : 'tmux-session-lock', error)))
}
