import { getPriority, setPriority } from 'node:os'

/** An option of a harness: out of other people's way, unless its limits are to be met beside the work of others. */
export const NICE_OPTION = { type: 'string', default: '19' } as const

/** @param value a nice value, as `nice -n` takes it; a lower one than there is now changes nothing */
export const beNice = (value: string): void => {
  setPriority(Math.max(getPriority(), Number(value)))
}
