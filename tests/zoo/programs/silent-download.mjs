// 1 kB a second from a server, into a file.
import { createWriteStream } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { server } from './lib.mjs'

get(server('drip'), (answer) => answer.pipe(createWriteStream(join(process.env.ZOO_SCRATCH, 'part'))))
