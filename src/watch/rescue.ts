export type Rescue = {
  /** Nothing has to be put right any more. */
  done(): Promise<void>
}

const SCRIPT =
  'modes=$(stty -g <&3) && echo; read -r word || { [ -z "$modes" ] || stty "$modes" <&3; printf %s "$1" >&3; }'

/**
 * A small shell that waits, in another session of processes, where no key and no hang-up reaches it, for the end of this
 * process. When that comes without a word, as after a SIGKILL, it gives the terminal back its modes and its screen.
 *
 * @param leave what to write to the terminal then
 * @param terminal a descriptor
 * @returns when it knows the modes
 */
export const startRescue = async (leave: string, terminal: number): Promise<Rescue> => {
  const { spawn } = await import('node:child_process')
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', leave], {
    stdio: ['pipe', 'pipe', 'ignore', terminal],
    detached: true,
  })
  child.stdin?.on('error', () => undefined)
  child.unref()
  // Its word has to be there before this process ends.
  const say = () => new Promise<void>((said) => child.stdin?.end('done\n', () => said()))
  const isThere = (): boolean => child.exitCode === null && child.pid !== undefined
  return new Promise((resolve) => {
    const rescue: Rescue = { done: () => (isThere() ? say() : Promise.resolve()) }
    child.on('error', () => resolve(rescue))
    child.on('exit', () => resolve(rescue))
    child.stdout?.once('data', () => resolve(rescue))
  })
}
