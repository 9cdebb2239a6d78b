import type { EndReason } from './record.ts'

/** In words, why a run has ended. Pure. */
export const END_TEXTS: Readonly<Record<EndReason, string>> = {
  completed: 'completed',
  failed: 'failed',
  interrupted: 'interrupted',
  superseded: 'taken over',
  'owner-died': 'lost its owner',
}
