import type { World } from '../world.ts'

/** What would cost a helper time or memory, or tie it to a run: by the cookie it would be taken for a worker. */
const NOT_FOR_HELPERS =
  /^(NODE_(OPTIONS|EXTRA_CA_CERTS|DEBUG|V8_COVERAGE|REDIRECT_WARNINGS|PENDING_DEPRECATION)|LOCK_(?!.*_STRATEGY$).*)$/

export const helperEnvironment = (env: World['env']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_FOR_HELPERS.test(name)))
