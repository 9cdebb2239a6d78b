/** What the descriptions of the agents share. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** @param {string} text */
export const writeText = async (path, text) => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

export const writeJson = (path, value) => writeText(path, `${JSON.stringify(value, null, 2)}\n`)

export const appendText = (path, text) => appendFile(path, text)
