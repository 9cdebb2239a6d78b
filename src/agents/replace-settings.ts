import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

const PRIVATE = 0o600

const modeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mode ?? PRIVATE

/** Whole or not at all: an agent may read it at any time. @param like whose permissions it gets */
export const replaceSettings = (path: string, text: string, like: string): void => {
  const temporary = `${path}.${process.pid}.new`
  const fd = openSync(temporary, 'wx', modeOf(like) & 0o777)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
    closeSync(fd)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
