// A server for developers asks its helper twice a second whether it is still there, and nothing else happens. Arguments: `prompt`, it
// takes orders at the terminal meanwhile; `logs`, it writes down what it has done.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { mark, nextName, write } from './lib.mjs'

const how = process.argv[2]
if (how === 'helper') {
  process.stdin.on('data', (question) =>
    write(`${JSON.stringify({ answer: 'pong', to: String(question).trim() })}\n`),
  )
} else {
  const helper = spawn(process.execPath, [process.argv[1], 'helper'], { stdio: ['pipe', 'pipe', 'inherit'] })
  helper.stdout.on('data', () => undefined)
  setInterval(() => helper.stdin.write(`${JSON.stringify({ question: 'ping' })}\n`), 500)
  if (how === 'prompt') {
    process.stdin.setRawMode(true).on('data', () => undefined)
    write('press h to show help\r\n')
  }
  if (how === 'logs') {
    setInterval(() => appendFileSync(join(process.env.ZOO_SCRATCH, 'log'), `handled ${nextName()}\n`), 900)
  } else mark()
}
