/** The command-line agents that lock.sh knows. */
export const AGENTS = ['claude', 'codex', 'gemini', 'qwen', 'opencode', 'copilot', 'pi'] as const
export type AgentName = (typeof AGENTS)[number]

export const isAgentName = (text: string): text is AgentName => AGENTS.some((name) => name === text)
