/** What lock.sh setup changes: worked out first for all agents, shown, and only then written. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hookCommand, MARK } from '../core/agents/hook-command.ts'
import { AGENTS, type AgentName } from '../core/agents/names.ts'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import { CATALOG, type Place, type Target } from './catalog.ts'
import { withNotify, withoutNotify } from './codex-notify.ts'
import { withHooks, withoutHooks } from './json-hooks.ts'
import { replaceSettings } from './replace-settings.ts'

export type Change = {
  readonly agent: AgentName
  /** As the agent knows it; a link is followed. */
  readonly path: string
  /** `null`: there is no such file. */
  readonly before: string | null
  readonly after: string | null
}

export type Plan = { readonly changes: readonly Change[]; readonly remarks: readonly string[] }

export type Request = {
  readonly agents: readonly AgentName[]
  readonly place: Place
  /** Path of lock.sh. */
  readonly script: string
  readonly isRemoval: boolean
}

const isInPath = (binary: string, path: string): boolean =>
  path.split(':').some((dir) => {
    try {
      accessSync(join(dir, binary), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Those that can be started, or have been. */
export const installedAgents = (place: Place): readonly AgentName[] =>
  AGENTS.filter(
    (name) =>
      isInPath(CATALOG[name].binary, place.env.PATH ?? '') || existsSync(CATALOG[name].directory(place)),
  )

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw errors.io(`${path} cannot be read`, error)
  }
}

const backupOf = (path: string): string => `${path}.before-${MARK}`

/** @returns what is to be there; `undefined` when another's setting is in the way */
type Edit = (before: string | null) => Promise<string | null | undefined>

const adding = (agent: AgentName, target: Target, script: string): Edit => {
  const { path } = target
  switch (target.kind) {
    case 'hooks':
      return (before) => withHooks({ ...target, command: hookCommand(script, agent) }, before)
    case 'notify':
      return async (before) => (await withNotify(path, before, script)) ?? undefined
    case 'own':
      return async (before) => {
        if (before !== null && !before.includes(MARK))
          throw errors.badSettings(`${path}: it is somebody else's`)
        return target.text(script)
      }
  }
}

const isEmptyObject = (text: string): boolean => text.replace(/\s/g, '') === '{}'

/** With nothing changed since, the file is again as it was, to the byte; else only what was put in is taken out. */
const removing = (add: Edit, { kind, path }: Target): Edit => {
  const backup = read(backupOf(path))
  return async (before) => {
    if (before === null) return null
    if (kind === 'own') return before.includes(MARK) ? null : before
    const without = kind === 'hooks' ? await withoutHooks(path, before) : await withoutNotify(path, before)
    if (without === before) return before
    if (backup !== null && (await add(backup)) === before) return backup
    return backup === null && (isEmptyObject(without) || without === '') ? null : without
  }
}

/** @throws LockError `configuration` when one of the files cannot be understood: then none is changed */
export const planSetup = async ({ agents, place, script, isRemoval }: Request): Promise<Plan> => {
  const changes: Change[] = []
  const remarks: string[] = []
  for (const agent of agents) {
    const { title, remark } = CATALOG[agent]
    let isChanged = false
    for (const target of CATALOG[agent].targets(place)) {
      const before = read(target.path)
      const add = adding(agent, target, script)
      const after = await (isRemoval ? removing(add, target) : add)(before)
      if (after === undefined)
        remarks.push(`${target.path}: notify is used already, and ${title} tells only one program`)
      else if (after !== before) {
        changes.push({ agent, path: target.path, before, after })
        isChanged = true
      }
    }
    if (isChanged && !isRemoval && remark !== undefined) remarks.push(remark)
  }
  return { changes, remarks }
}

const targetOf = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** @throws LockError `io`, `unsafe` */
export const applyChange = ({ path, before, after }: Change, isRemoval: boolean): void => {
  const file = targetOf(path)
  const backup = backupOf(path)
  try {
    if (before !== null) accessSync(file, constants.W_OK)
    mkdirSync(dirname(file), { recursive: true })
    if (!isRemoval && before !== null && !before.includes(MARK)) replaceSettings(backup, before, file)
    if (after === null) rmSync(file)
    else replaceSettings(file, after, file)
    if (isRemoval) rmSync(backup, { force: true })
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw errors.readOnlySettings(file)
    throw errors.io(`${file} could not be written`, error)
  }
}
