// Waits for a build that a server does elsewhere. The answer comes after a minute.
import { get } from 'node:http'
import { server } from './lib.mjs'

get(server('late'), (answer) => answer.pipe(process.stdout))
