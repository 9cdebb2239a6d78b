// Asks a server that takes the question and never answers.
import { get } from 'node:http'
import { mark, server } from './lib.mjs'

console.log('asking')
get(server('never'))
setTimeout(mark, 300)
