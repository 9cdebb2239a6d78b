// Waits for an answer that does not come, in a runtime whose threads wake each other: 8 bytes through an eventfd each time.
import { stat } from 'node:fs'
import { connect } from 'node:net'
import { mark, server } from './lib.mjs'

const { port } = new URL(server('never'))
connect(Number(port), '127.0.0.1', mark)
setInterval(() => stat('/', () => undefined), 700)
