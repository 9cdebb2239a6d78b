import { type Terminal, truncate } from '../cli/terminal.ts'
import { nameOf, print, stdout, type Verb } from '../cli/verb.ts'
import { printable } from '../core/printable.ts'
import { type Answered, answer } from '../session/answer.ts'
import { openSession } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'

const SHOWN_LINES = 10

const part = (title: string, lines: readonly string[], { columns, paint }: Terminal): string => {
  const shown = lines.slice(-SHOWN_LINES).map((line) => `  ${truncate(printable(line), columns - 2)}\n`)
  return `${paint('dim', title)}\n${shown.join('')}`
}

export const renderAnswer = ({ before, after }: Answered, terminal: Terminal): string =>
  part('the screen before', before, terminal) + part('and now', after, terminal)

export const verb: Verb = {
  describe: 'type a text and Enter at the terminal of a session, and show the result',
  positionals: ['NAME', 'TEXT'],
  options: {},
  examples: [
    ['lock.sh answer nightly y', 'answer the question that lock.sh why nightly shows'],
    ["lock.sh answer nightly ''", 'Enter only'],
  ],
  takesText: true,
  run: async (world, args) => {
    const name = nameOf(args)
    checkLockDir(world.lockDir)
    print(renderAnswer(await answer(openSession(world, name), args.positionals[1] ?? ''), stdout(world)))
    return 0
  },
}
