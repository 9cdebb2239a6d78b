/**
 * What the completion scripts ask (scripts/completion/): behind `--` the words that were typed, the last of them being the
 * one that is. Prints a line each, `WORD<TAB>DESCRIPTION`; `:files` for files; `:command<TAB>N` where the words behind
 * the first N are a command of their own. Says nothing of what is wrong: it would be said into the line being typed.
 */
import { type Candidate, type Completion, complete } from '../cli/completion.ts'
import { print, type Verb } from '../cli/verb.ts'
import { momentOf, openSession } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'

const sessions = (world: World): readonly Candidate[] => {
  try {
    if (!checkLockDir(world.lockDir)) return []
    const moment = momentOf(world)
    return listSessions(world.lockDir).map((session) => ({
      word: session,
      describe: openSession(world, session).snapshot(moment).verdict.state,
    }))
  } catch {
    return []
  }
}

const linesOf = (completion: Completion): readonly string[] => {
  switch (completion.kind) {
    case 'files':
      return [':files']
    case 'command':
      return [`:command\t${completion.after}`]
    case 'words':
      return completion.candidates.map(({ word, describe }) =>
        describe === '' ? word : `${word}\t${describe}`,
      )
  }
}

export const verb: Verb = {
  describe: 'list what may follow a command line',
  positionals: [],
  takesCommand: true,
  options: {},
  examples: [["lock.sh __complete -- status ''", 'the names of sessions, with their states']],
  run: async (world, args) => {
    const { VERBS } = await import('./index.ts')
    const words = args.command ?? []
    const typed = { program: args.program, words: words.slice(0, -1), current: words.at(-1) ?? '' }
    const completion = await complete(VERBS, typed, () => sessions(world))
    print(
      linesOf(completion)
        .map((line) => `${line}\n`)
        .join(''),
    )
    return 0
  },
}
