import { type Self, stdout } from '../../cli/verb.ts'
import { eachSnapshot } from '../../session/all-sessions.ts'
import type { World } from '../../world.ts'
import { printTable } from './status-table.ts'

export type WatchRequest = { readonly isJson: boolean; readonly client: string | undefined }

/**
 * The table on a terminal; without one the table once, or with `isJson` a line for each change.
 *
 * @returns the exit code
 */
export const startWatch = async (
  world: World,
  self: Self,
  { isJson, client }: WatchRequest,
): Promise<number> => {
  if (isJson) {
    const { streamChanges } = await import('../../watch/stream.ts')
    await streamChanges(world)
    return 0
  }
  if (!world.terminal.isTerminal(0) || !world.terminal.isTerminal(1)) {
    printTable(world, eachSnapshot(world), { isAll: false, terminal: stdout(world) })
    return 0
  }
  const { watchOnTerminal } = await import('../../watch/watch.ts')
  return watchOnTerminal(world, { program: self, client })
}
