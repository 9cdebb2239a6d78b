/** A table whose expectations are wrong, each in its own way: the harness has to notice every one. */
import { LIMITS, SCENARIOS as TRUE_ONES } from './scenarios.mjs'

export { LIMITS }

/** See --patience. */
const PATIENCE = Number(process.env.ZOO_PATIENCE ?? 0)

const like = (name, changes) => ({ ...TRUE_ONES.find((scenario) => scenario.name === name), ...changes })

export const SCENARIOS = [
  like('stopped-at-once', { name: 'false-alarm', kind: 'working' }),
  like('stopped-worker', { name: 'missed', strike: { signal: 'SIGCONT', to: 'worker', after: 1 } }),
  like('stopped-worker', { name: 'wrong-cause', causes: ['owner-stopped'] }),
  // It has been silent for a while when the hang is said to begin.
  like('sleeps', {
    name: 'too-early',
    program: ['sleep', '300'],
    strike: { signal: 'SIGCONT', to: 'worker', after: 2.5 + PATIENCE / 2 },
  }),
  like('stopped-worker-goes-on', { name: 'not-recovered', revive: { signal: 'SIGCONT', to: 'refresher' } }),
  like('chatty-build', { name: 'ends-early', program: ['sleep', '4'] }),
  like('chatty-build', { name: 'never-starts', program: ['/nonexistent/program'] }),
]
