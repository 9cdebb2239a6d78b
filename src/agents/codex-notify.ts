/** The line `notify = …` in Codex' config.toml. It is the only one, so somebody else's is left alone. */
import { hookCommand, MARK } from '../core/agents/hook-command.ts'
import { settingsError } from './settings-error.ts'

const OURS = new RegExp(`^notify = .*# ${MARK}\\r?\\n?`, 'm')

/** Codex appends the event as the last word. */
const notifyLine = (script: string): string => {
  const command = hookCommand(script, 'codex', '"$1"').replace(` # ${MARK}`, '')
  return `notify = ${JSON.stringify(['sh', '-c', command, MARK])} # ${MARK}`
}

const parse = async (path: string, text: string): Promise<Record<string, unknown>> => {
  const { parse: parseToml, TomlError } = await import('smol-toml')
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const offset =
      text
        .split('\n')
        .slice(0, error.line - 1)
        .join('\n').length + (error.line > 1 ? 1 : 0)
    throw settingsError(path, text, offset, `it is no TOML (${error.message.split('\n')[0]})`)
  }
}

/** @throws LockError `configuration` with file and line */
export const withoutNotify = async (path: string, text: string): Promise<string> => {
  await parse(path, text)
  return text.replace(OURS, '')
}

/**
 * Puts it first: behind the first table it would be that table's.
 *
 * @returns `null` when another program is told already
 */
export const withNotify = async (
  path: string,
  text: string | null,
  script: string,
): Promise<string | null> => {
  const others = await withoutNotify(path, text ?? '')
  if ('notify' in (await parse(path, others))) return null
  const eol = others.includes('\r\n') ? '\r\n' : '\n'
  const next = `${notifyLine(script)}${eol}${others}`
  return text?.includes(notifyLine(script)) === true ? text : next
}
