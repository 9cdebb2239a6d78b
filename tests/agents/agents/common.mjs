/** What the descriptions of the agents share. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** @param {string} text */
export const writeText = async (path, text) => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

export const writeJson = (path, value) => writeText(path, `${JSON.stringify(value, null, 2)}\n`)

/** @param change gets what is there, an empty object if nothing is, and returns what is to be there */
export const changeJson = async (path, change) => {
  const text = await readFile(path, 'utf8').catch(() => '{}')
  await writeJson(path, change(JSON.parse(text)))
}

/** Adds a server to the settings in the form that most agents share. */
export const addMcpServer = (path, name, server) =>
  changeJson(path, (settings) => ({ ...settings, mcpServers: { ...settings.mcpServers, [name]: server } }))

export const appendText = (path, text) => appendFile(path, text)
