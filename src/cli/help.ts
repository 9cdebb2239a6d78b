/** Help, made by yargs from what the verbs declare. */
import type { Argv } from 'yargs'
import { isShown, type NamedVerb, type OptionSpec, type Program, type VerbTable } from './verb.ts'

const UNITS = 'D is a duration: 90, 90s, 10m, 2h. SIZE: 4096, 512K, 64M, 2G.'

const usageOf = ({ program, name, positionals, takesCommand }: NamedVerb): string =>
  [
    `${program}.sh`,
    name,
    ...positionals,
    '[options]',
    ...(takesCommand === true ? ['[-- COMMAND [ARG...]]'] : []),
  ].join(' ')

const newHelp = async (program: Program, columns: number): Promise<Argv> => {
  const { default: yargs } = await import('yargs')
  // Its headings would be in the person's language, and all the rest in English.
  return yargs([])
    .locale('en')
    .scriptName(`${program}.sh`)
    .wrap(Math.min(columns, 100))
    .version(false)
    .help(false)
}

const addExamples = (help: Argv, { examples }: NamedVerb): void => {
  for (const [command, purpose] of examples) help.example(command, purpose)
}

/**
 * @param verbs those of the program
 * @param columns the width to wrap at
 */
export const programHelp = async (
  program: Program,
  verbs: readonly NamedVerb[],
  table: VerbTable,
  columns: number,
): Promise<string> => {
  const help = (await newHelp(program, columns)).usage(`${program}.sh COMMAND`)
  for (const verb of verbs) {
    // yargs reads a label that it knows, NAME, as a variable's.
    const labels = verb.positionals.map((label) => label.replace(/[A-Z]+/, (word) => word.toLowerCase()))
    help.command([verb.name, ...labels].join(' '), verb.describe)
    addExamples(help, verb)
  }
  const other = program === 'engine' ? 'lock' : 'engine'
  const others = Object.keys(table[other]).filter(isShown).join(', ')
  return `${await help
    .epilogue(`${program}.sh COMMAND --help tells its options.  ${other}.sh has: ${others}.`)
    .getHelp()}\n`
}

const describe = ({ value, describe }: OptionSpec): string =>
  value === undefined ? describe : `${value}: ${describe}`

/** @param columns the width to wrap at */
export const verbHelp = async (verb: NamedVerb, columns: number): Promise<string> => {
  const help = (await newHelp(verb.program, columns)).usage(`${usageOf(verb)}\n\n${verb.describe}`)
  for (const [name, option] of Object.entries(verb.options)) {
    help.option(name, {
      ...(option.alias === undefined ? {} : { alias: option.alias }),
      describe: describe(option),
    })
  }
  addExamples(help, verb)
  const hasUnits = Object.values(verb.options).some(({ value }) => /^(?:D\b|SIZE$)/.test(value ?? ''))
  if (hasUnits) help.epilogue(UNITS)
  return `${await help.getHelp()}\n`
}
