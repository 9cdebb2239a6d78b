/**
 * The agents. Each is described in a file of its own.
 *
 * @typedef {object} Agent
 * @property {string} name, package, version  pinned: what is measured belongs to this version
 * @property {(modules: string) => string[]} program  the command in that folder of packages, without arguments
 * @property {(place: Place) => object} env  of the agent; `place` has home, work, url and permission (`ask` or `allow`)
 * @property {(place: Place) => Promise<void>} [prepare]  settings that it needs in any case
 * @property {(place: Place) => Promise<void>} [settle]  settings that it has once its first-run dialogs are done
 * @property {(place: Place) => Promise<void>} [firstRun]  settings with which it comes to its first-run dialog
 * @property {(place: Place, name: string, server: {command: string, args: string[]}) => Promise<void>} [addServer]  adds
 *   an MCP server to its settings
 * @property {(place: Place) => Promise<void>} [offerUpdate]  settings with which it knows of a newer version
 * @property {string[]} [begin]  arguments of the turn that `resume` goes on from
 * @property {string[]} resume  arguments with which it goes on with its last conversation
 * @property {string} [firstRunPrompt]  the prompt without which it has no such dialog
 * @property {object} [firstRunEnv]  changes of `env` for the first-run dialog
 * @property {(prompt: string|null) => string[]} interactive
 * @property {(prompt: string) => string[]} headless
 * @property {string[]} allow  arguments with which it asks for no permission
 * @property {string[]} [ask]  arguments with which it asks for one
 * @property {(command: string) => {name: string, input: object}} shell  the call of its shell tool
 * @property {(command: string) => {name: string, input: object}} [askingShell]  a call that asks, where `shell` does not
 * @property {(body: object) => {name: string, input: object}|null} [waitFor]  the call that waits for a shell that
 *   still runs; null when it has ended
 * @property {Record<string, string[]>} [wanted]  by state, where it differs from what is wanted of the others
 * @property {Record<string, RegExp>} screens  how a state is recognised; a state without one is one that it has not
 */
import { claudeCode } from './claude-code.mjs'
import { codex } from './codex.mjs'
import { copilot } from './copilot.mjs'
import { geminiCli } from './gemini-cli.mjs'
import { opencode } from './opencode.mjs'
import { pi } from './pi.mjs'
import { qwenCode } from './qwen-code.mjs'

export const AGENTS = [claudeCode, codex, geminiCli, qwenCode, opencode, pi, copilot]
