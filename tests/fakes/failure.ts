import { LockError } from '../../src/core/errors.ts'

/** The LockError that `act` throws; anything else that it does is a failure of the test. */
export const failureOf = (act: () => unknown): LockError => {
  try {
    act()
  } catch (error) {
    if (error instanceof LockError) return error
    throw new Error(`threw no LockError: ${String(error)}`, { cause: error })
  }
  throw new Error('threw nothing')
}

export const rejectionOf = async (promise: Promise<unknown>): Promise<LockError> => {
  const [outcome] = await Promise.allSettled([promise])
  return failureOf(() => {
    if (outcome.status === 'rejected') throw outcome.reason
  })
}
