// A stream of events that has none: a ping every two seconds.
import { get } from 'node:http'
import { server } from './lib.mjs'

get(server('pings'), (answer) => answer.resume())
