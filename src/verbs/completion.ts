import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { print, type Verb } from '../cli/verb.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** @throws LockError `usage` */
export const chooseShell = (given: string | undefined, shellPath: string | undefined): Shell => {
  const find = (name: string): Shell | undefined => SHELLS.find((shell) => shell === name)
  if (given === undefined) return find(basename(shellPath ?? '')) ?? 'bash'
  const shell = find(given)
  if (shell === undefined)
    throw errors.usage(
      `there is no completion for ${JSON.stringify(printable(given))}`,
      `For: ${SHELLS.join(', ')}`,
    )
  return shell
}

export const verb: Verb = {
  describe: 'print a completion script (default: for the shell in $SHELL)',
  positionals: [`[${SHELLS.join('|')}]`],
  options: {},
  examples: [
    ['eval "$(lock.sh completion bash)"', 'in ~/.bashrc; for zsh the same with zsh, in ~/.zshrc'],
    ['lock.sh completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  run: (world, args, { directory }) => {
    const shell = chooseShell(args.positionals[0], world.env.SHELL)
    print(readFileSync(join(directory, '..', 'scripts', 'completion', `lock.${shell}`), 'utf8'))
    return 0
  },
}
