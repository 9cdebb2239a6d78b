/** The heartbeat fits into `stale_after` at least this often, so that one late beat is not a hang. */
export const BEATS_PER_STALE_AFTER = 3

/** A contender tries for this long before it reports that the lock is held: a probe of the lock takes it for a moment. */
export const ACQUIRE_SECONDS = 0.1

/** An iteration that has lasted this long gets a refresher; a shorter one would pay for a process it does not need. */
export const REFRESHER_DELAY_SECONDS = 0.25
/** So that the guard is ready when it is to beat, and is not started for a run that is over before. */
export const GUARD_DELAY_SECONDS = 0.15

/** Between TERM and KILL when the owner has died: a longer grace would delay the session's next run. */
export const ORPHAN_GRACE_SECONDS = 0.4

/** How long a refresher may take to stop when it is told to; then it is killed. */
export const REFRESHER_STOP_SECONDS = 2

/** A process that is still alive this long after KILL is reported as a survivor. */
export const KILL_SECONDS = 5
