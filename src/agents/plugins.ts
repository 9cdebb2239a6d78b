/** The files that OpenCode and pi load: each tells lock.sh hook what it hears, one event after the other. */
import { MARK } from '../core/agents/hook-command.ts'

const HEADER = `// ${MARK}: written by lock.sh setup, and removed by lock.sh setup --remove.
// Tells the run that this agent is in what it does and waits for. Outside of a run it does nothing.
`

/** Later events wait for earlier ones: a call for permission must not be overtaken by the tool that it is for. */
const sayer = (script: string, agent: string): string => `import { spawn } from 'node:child_process'

let last = Promise.resolve()
const say = (event) => {
  last = last.then(
    () =>
      new Promise((resolve) => {
        const child = spawn(${JSON.stringify(script)}, ['hook', '${agent}'], { stdio: ['pipe', 'ignore', 'ignore'] })
        child.on('error', resolve)
        child.on('exit', resolve)
        child.stdin.on('error', () => {})
        child.stdin.end(JSON.stringify(event))
      }),
  )
}
`

export const opencodePlugin = (script: string): string => `${HEADER}${sayer(script, 'opencode')}
export const TmuxSessionLock = async () => {
  if (!process.env.LOCK_COOKIE) return {}
  // Of subagents: their end is not the turn's.
  const children = new Set()
  return {
    event: async ({ event: { type, properties = {} } }) => {
      if (type === 'session.created' || type === 'session.updated') {
        if (properties.info?.parentID) children.add(properties.info.id)
      } else if (type === 'session.idle') {
        if (!children.has(properties.sessionID)) say({ type })
      } else if (type === 'permission.asked') {
        say({ type, tool_name: properties.permission, tool_input: { command: (properties.patterns ?? []).join(' ') } })
      } else if (type === 'question.asked') {
        say({ type, tool_input: properties })
      } else if (['permission.replied', 'question.replied', 'question.rejected'].includes(type)) {
        say({ type })
      }
    },
    'chat.message': async () => say({ type: 'UserPromptSubmit' }),
    'tool.execute.before': async ({ tool }, output) =>
      say({ type: 'tool.execute.before', tool_name: tool, tool_input: output?.args }),
    'tool.execute.after': async ({ tool }) => say({ type: 'tool.execute.after', tool_name: tool }),
  }
}
`

export const piExtension = (script: string): string => `${HEADER}// @ts-nocheck
${sayer(script, 'pi')}
const lastText = (messages) => {
  const content = (messages ?? []).filter(({ role }) => role === 'assistant').at(-1)?.content ?? []
  return content.filter(({ type }) => type === 'text').at(-1)?.text ?? ''
}

export default function (pi) {
  if (!process.env.LOCK_COOKIE) return
  pi.on('before_agent_start', async () => say({ type: 'before_agent_start' }))
  pi.on('tool_execution_start', async ({ toolName, args }) =>
    say({ type: 'tool_execution_start', tool_name: toolName, tool_input: args }),
  )
  pi.on('tool_execution_end', async ({ toolName }) => say({ type: 'tool_execution_end', tool_name: toolName }))
  pi.on('agent_end', async ({ messages }) => {
    say({ type: 'agent_end', last_assistant_message: lastText(messages) })
    await last
  })
}
`
