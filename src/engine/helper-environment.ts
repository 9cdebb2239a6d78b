import type { World } from '../world.ts'

/** What would cost a helper time or memory, or tie it to a run: by the cookie it would be taken for a worker. */
const NOT_FOR_HELPERS = /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|LOCK_(?!.*_STRATEGY$).*)$/

export const helperEnvironment = (env: World['env']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_FOR_HELPERS.test(name)))
