import { readSync } from 'node:fs'
import { join } from 'node:path'
import { applyChange, type Change, installedAgents, type Plan, planSetup } from '../agents/setup.ts'
import type { Arguments } from '../cli/parse.ts'
import type { Terminal } from '../cli/terminal.ts'
import { print, type Self, stdout, type Verb } from '../cli/verb.ts'
import { AGENTS, type AgentName, isAgentName } from '../core/agents/names.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { textDiff } from '../core/text-diff.ts'
import { homeDirectory } from '../process/home.ts'
import type { World } from '../world.ts'

const STYLES = { '+': 'green', '-': 'red' } as const

const coloured = (line: string, { paint }: Terminal): string => {
  const mark = line[0]
  return mark === '+' || mark === '-' ? paint(STYLES[mark], printable(line)) : printable(line)
}

export const renderChange = ({ path, before, after }: Change, terminal: Terminal): string => {
  const what = before === null ? ' (new)' : after === null ? ' (removed)' : ''
  const lines = textDiff(before ?? '', after ?? '')
    .trimEnd()
    .split('\n')
  return `${terminal.paint('bold', `${printable(path)}${what}`)}\n${lines.map((line) => `${coloured(line, terminal)}\n`).join('')}`
}

/** @throws LockError `usage` */
const agentsOf = (args: Arguments): readonly AgentName[] =>
  args.positionals.map((word) => {
    if (isAgentName(word)) return word
    throw errors.usage(
      `${JSON.stringify(printable(word))} is no agent that is known here; these are: ${AGENTS.join(', ')}`,
    )
  })

/** Blocks: there is nothing else to do. */
const isAgreed = (): boolean => {
  const buffer = Buffer.alloc(1024)
  const answer = buffer.toString('utf8', 0, readSync(0, buffer))
  return /^y(es)?\s*$/i.test(answer)
}

const mayChange = (world: World, args: Arguments): boolean => {
  if (args.flag('yes') || !world.terminal.isTerminal(0)) return true
  print('Change this? [y/N] ')
  return isAgreed()
}

const nothingToDo = (isRemoval: boolean, agents: readonly AgentName[]): string =>
  isRemoval ? `nothing to remove for ${agents.join(', ')}` : `${agents.join(', ')}: set up already`

const planOf = (world: World, args: Arguments, self: Self, agents: readonly AgentName[]): Promise<Plan> =>
  planSetup({
    agents,
    place: placeOf(world, args),
    script: join(self.directory, '..', 'scripts', 'lock.sh'),
    isRemoval: args.flag('remove'),
  })

const placeOf = (world: World, args: Arguments) => ({
  env: world.env,
  home: world.env.HOME || homeDirectory(),
  project: args.flag('project') ? world.cwd : null,
})

const setup = async (world: World, args: Arguments, self: Self): Promise<number> => {
  const named = agentsOf(args)
  const agents = named.length > 0 ? named : installedAgents(placeOf(world, args))
  if (agents.length === 0) {
    world.notify(`no agent was found; these are known: ${AGENTS.join(', ')}`)
    return 0
  }
  const isRemoval = args.flag('remove')
  const { changes, remarks } = await planOf(world, args, self, agents)
  for (const change of changes) print(renderChange(change, stdout(world)))
  if (changes.length === 0) world.notify(nothingToDo(isRemoval, agents))
  else if (!args.flag('dry-run')) {
    if (!mayChange(world, args)) {
      world.notify('nothing was changed')
      return 0
    }
    for (const change of changes) applyChange(change, isRemoval)
    world.notify(`${changes.length === 1 ? 'one file was' : `${changes.length} files were`} changed`)
  }
  for (const remark of remarks) world.notify(remark)
  return 0
}

export const verb: Verb = {
  describe: 'add lock.sh hook to the settings of agents, so that they report progress and questions',
  positionals: ['[AGENT...]'],
  options: {
    project: { type: 'boolean', describe: 'in the settings of this directory, not in those of the user' },
    'dry-run': { type: 'boolean', describe: 'only show the changes' },
    remove: { type: 'boolean', describe: 'remove what setup has added' },
    yes: { type: 'boolean', describe: 'do not ask' },
  },
  examples: [
    ['lock.sh setup --dry-run', 'show the changes for all agents found on this machine'],
    ['lock.sh setup claude codex', 'only these agents'],
    ['lock.sh setup --remove', 'undo it'],
  ],
  run: setup,
}
