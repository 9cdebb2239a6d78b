/** Process 1 of a PID namespace gets every process that has lost its parent, and has to collect it when it has ended. */
import type { ProcessView } from '../core/ports.ts'

export const HOW_TO_COLLECT =
  'Give the container an init: docker run --init, `init: true` in compose.yaml, or tini in front of the command.'

/** For a run whose engine is process 1: Node cannot wait for children that it has not started. */
export const FIRST_PROCESS_NOTICE = `this engine is process 1 here, and cannot collect processes that lose their parent: they stay as zombies. ${HOW_TO_COLLECT}`

/** Processes that have ended and that process 1 has not collected. */
const zombiesOf = (view: ProcessView): number =>
  view.all().filter(({ parent, state }) => parent === 1 && state === 'exited').length

/** What is wrong with process 1, in words; `null` when nothing is. */
export const firstProcessProblem = (view: ProcessView): string | null => {
  const first = view.inspect(1)
  if (first.kind !== 'process') return null
  const isEngine =
    /(^|\/)loader\.cjs$/.test(view.commandLine(1)[1] ?? '') && view.commandLine(1)[2] === 'engine'
  const zombies = zombiesOf(view)
  if (!isEngine && zombies === 0) return null
  const count = zombies === 1 ? '1 zombie waits' : `${zombies} zombies wait`
  return zombies === 0
    ? 'an engine is process 1, and cannot collect processes that lose their parent'
    : `${count} for process 1 (${isEngine ? 'an engine' : first.facts.name}), which does not collect them`
}
