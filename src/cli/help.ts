import type { Program, VerbSpec } from './spec.ts'
import { verbsOf } from './spec.ts'

const usage = ({ program, verb, positionals, takesCommand }: VerbSpec): string =>
  [
    `${program}.sh`,
    verb,
    ...positionals,
    '[options]',
    ...(takesCommand === true ? ['[-- COMMAND [ARG...]]'] : []),
  ].join(' ')

/** @param columns the width to wrap at */
export const helpText = async (program: Program, spec: VerbSpec | null, columns: number): Promise<string> => {
  const { default: yargs } = await import('yargs')
  const help = yargs([]).scriptName(`${program}.sh`).wrap(Math.min(columns, 100)).version(false).help(false)
  if (spec === null) {
    help.usage(`${program}.sh COMMAND`)
    for (const verb of verbsOf(program)) {
      help.command(
        [verb.verb, ...verb.positionals.map((label) => label.replace('NAME', 'name'))].join(' '),
        verb.describe,
      )
      for (const [command, purpose] of verb.examples) help.example(command, purpose)
    }
    const other =
      program === 'engine' ? 'lock.sh --help: status, why, attach and more' : 'engine.sh --help: run and stop'
    return `${await help.epilogue(`${program}.sh COMMAND --help tells its options.  ${other}.`).getHelp()}\n`
  }
  help.usage(`${usage(spec)}\n\n${spec.describe}`)
  for (const { name, alias, value, describe } of spec.options) {
    help.option(name, {
      ...(alias === undefined ? {} : { alias }),
      describe: value === undefined ? describe : `${value}: ${describe}`,
    })
  }
  for (const [command, purpose] of spec.examples) help.example(command, purpose)
  if (spec.verb === 'run') help.epilogue('D is a duration: 90, 90s, 10m, 2h. SIZE: 4096, 512K, 64M, 2G.')
  return `${await help.getHelp()}\n`
}
