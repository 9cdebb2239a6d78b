/*
 * The protocol of docs/FORMAT.md, "Exclusion" and "Claiming", as the code has it. scripts/model.sh checks it.
 *
 * Three contenders; each is a `run`, a `run --force` or a `reap`, and starts whenever it likes. Beside a run there are a
 * guard, which the record calls its refresher, and a watchdog. Trouble kills, stops, continues and terminates engines,
 * guards and watchdogs at any step. Workers end when they like, or never.
 *
 * One transition is what the code does without a chance for another process to see it half done: one system call, or
 * one look. What only reads what nobody else can change meanwhile, or only decides, goes with the transition before.
 * Each names its function. What has a time limit in the code may reach it here at any moment. A contender that has not
 * got the lock may leave at any step: that is how it is killed; it is slow at any step: that is how it is stopped.
 *
 * What is checked
 *   A1  nobody writes the record without the kernel lock, and the owner never while its guard does
 *   A2  at most one owner
 *   A3  a worker is started only when no worker of any run lives
 *   A4  a generation is taken once, and grows
 *   A5  no write brings an older state of the record back
 *   A6  whenever things have come to rest, a released or dead session can be claimed by a plain run, which finds what
 *       lives of the worker, and a held one by --force; unless a process that the record does not name is stopped and
 *       has the lock
 *   A7  nobody waits for ever for somebody who is stopped; when nobody is stopped any more all comes to an end, and
 *       neither a lock nor a worker is left
 *   A8  whenever things have come to rest, no worker lives whose owner is gone, whatever was killed when: unless guard
 *       and watchdog were killed, too, with nobody left to start another
 *
 * What is taken for granted, and tested elsewhere
 *   PID, start time, boot and namespace tell one process from another (bats/identity.bats). `findWorker` finds every
 *   process of a worker that it can know of (tests/process); here a worker is one process. The lock file is not
 *   replaced, the record not lost by another's hand. Whoever only looks at the lock has it for less than
 *   ACQUIRE_SECONDS. What an exec closes, and what it shows of its environment, change at once.
 *
 * -DBREAK_... leaves one step out: scripts/model.sh has the list, and demands that each is noticed.
 * -DWRITES_FAIL and -DUNKILLABLE add kinds of trouble: a full disk, a worker that has become another user's.
 */

/* How often somebody is killed, stopped, continued or terminated, all taken together; and how many use --force. */
#ifndef TROUBLES
#define TROUBLES 2
#endif
#ifndef FORCES
#define FORCES 1
#endif
#ifndef CONTENDERS
#define CONTENDERS 3
#endif
#ifndef ITERATIONS
#define ITERATIONS 1
#endif

#define SEATS 4                 /* seat 0 stays empty, so that 0 is "nobody" */
#define WATCHDOG 3              /* seat + WATCHDOG: the open file of a watchdog */

mtype = { absent, forked, running, dying, gone };
mtype = { open, in_order, owner_died };

/* core/record.ts: LockRecord */
typedef Record {
  byte generation;              /* 0: there is no record */
  byte owner;                   /* its seat stands for pid, start time and cookie */
  mtype ended;
  bool reaped;
  byte iteration;
  byte worker;                  /* the iteration whose process is named; 0: null */
  byte refresher;               /* which of the owner's refreshers is named; 0: null */
};
Record record;
byte runs;                      /* the highest number in NAME/runs */

/*
 * flock(2): the lock belongs to the open file. Each contender opens its own, numbered by its seat; the owner, its
 * refresher, and a child between fork and exec have descriptors of it.
 */
byte lock;                      /* the open file that has it; 0: free */
bool fd_engine[SEATS], fd_refresher[SEATS], fd_child[SEATS];

mtype engine[SEATS] = absent, refresher[SEATS] = absent, worker[SEATS] = absent;
bool engine_stopped[SEATS], refresher_stopped[SEATS];
bool terminated[SEATS];         /* stop-request.ts: StopRequests.terminate */
byte generation[SEATS], iteration[SEATS]; /* Owner.record, in memory */
byte refreshers[SEATS];         /* how many the owner has started */
mtype watchdog[SEATS] = absent;
bool has_pause[SEATS], has_end[SEATS]; /* what lies in the guard's pipe; `end` in the watchdog's, too */
bool watching[SEATS];           /* the guard writes: from `watch` until it has answered `pause` */
byte config[SEATS];             /* the record that came with `watch`: its iteration */
byte watched_generation[SEATS]; /* GuardConfig.generation */
bool guard_killed[SEATS], watchdog_killed[SEATS]; /* and nobody has started another: for the checks */
byte environment[SEATS];        /* LOCK_ITERATION of the worker */
bool hides[SEATS];              /* its environment cannot be read */

byte trouble, forces, failed_writes;
bool owns[SEATS];               /* for the checks */

/* A killed engine closes its files (dying) a moment before it counts as gone. */
#define is_there(life) (life == running || life == dying)

/* core/verdict.ts: classifyRecord */
#define is_dead(r) (r.generation != 0 \
  && ((r.ended == owner_died && !r.reaped) || (r.ended == open && engine[r.owner] == gone)))

/* core/tree.ts: workerTree, environmentMatches. The recorded process, or cookie and iteration. */
#ifdef BREAK_COOKIE_IN_ENVIRONMENT
#define is_found(seat, n, named) (worker[seat] == running && named == environment[seat])
#elif defined(BREAK_LATER_ITERATIONS)
#define is_found(seat, n, named) (worker[seat] == running \
  && (named == environment[seat] || (environment[seat] == n && !hides[seat])))
#else
#define is_found(seat, n, named) (worker[seat] == running \
  && (named == environment[seat] || (environment[seat] >= n && !hides[seat])))
#endif

#define lives(seat) (worker[seat] == forked || worker[seat] == running)
#define some_worker_lives (lives(1) || lives(2) || lives(3))
#define is_orphan(seat) (lives(seat) && engine[seat] == gone && !(guard_killed[seat] && watchdog_killed[seat]) && !refresher_stopped[seat] \
  && (watchdog[seat] != running))
#define some_orphan_lives (is_orphan(1) || is_orphan(2) || is_orphan(3))
#define another_owns(me) ((me != 1 && owns[1]) || (me != 2 && owns[2]) || (me != 3 && owns[3]))

/* Nothing moves any more but by trouble, the end of a worker, or another contender. */
#define watches(seat) (engine[seat] == running && Engine[8 + seat]@watch && !terminated[seat] \
  && worker[seat] == running && refresher[seat] == running && watching[seat] && watchdog[seat] == running \
  && (refresher_stopped[seat] || (record.owner == seat && record.refresher == refreshers[seat])))
#define waits(seat) (worker[seat] != forked \
  && (engine[seat] == absent || engine[seat] == gone || engine_stopped[seat] || watches(seat)) \
  && (engine[seat] == running || refresher[seat] != running || refresher_stopped[seat]) && refresher[seat] != dying \
  && (engine[seat] == running || watchdog[seat] != running || refresher_stopped[seat] || others_lock(seat)))
/* A watchdog without its owner waits for the lock: somebody who is stopped has it. */
#define others_lock(seat) (lock != 0 && lock != seat + WATCHDOG)
#define all_wait (waits(1) && waits(2) && waits(3))

/* What a plain run does with a free lock: nothing keeps it from the claim, and it finds every worker. */
#define is_ended_by_claim(seat) (!lives(seat) \
  || (seat == record.owner && record.ended != in_order && is_found(seat, record.iteration, record.worker)))
#define can_be_claimed (lock == 0 && (record.ended != open || !is_there(engine[record.owner])) \
  && is_ended_by_claim(1) && is_ended_by_claim(2) && is_ended_by_claim(3))
/* A dead owner's refresher, known to the record: the next run sends it a CONT. Nobody else has the lock. */
#define is_being_cleared (is_dead(record) && lock == record.owner && !fd_engine[lock] && !fd_child[lock] \
  && fd_refresher[lock] && refresher_stopped[lock] && record.refresher == refreshers[lock])
/* The owner lives: --force ends it, and the refresher in the record. Nobody else has the lock. */
#define can_be_forced (record.ended == open && lock == record.owner && fd_engine[lock] && !fd_child[lock] \
  && (!fd_refresher[lock] || record.refresher == refreshers[lock] || !refresher_stopped[lock]))
/* A process that the record does not name is stopped, and has the lock. */
#define a_stranger_has_the_lock (lock != 0 \
  && ((fd_engine[lock] && engine_stopped[lock] && (record.owner != lock || record.ended != open)) \
    || (fd_refresher[lock] && refresher_stopped[lock] && (record.owner != lock || record.refresher != refreshers[lock]))))
/* Only after a failed write: it has unlocked, its record is open, and it is stopped on its way out. */
#define an_owner_lingers (lock == 0 && record.ended == open && engine_stopped[record.owner])

#define can_be_had (can_be_claimed || is_being_cleared || can_be_forced \
  || a_stranger_has_the_lock || an_owner_lingers)

#define some_are_stopped (engine_stopped[1] || engine_stopped[2] || engine_stopped[3] \
  || refresher_stopped[1] || refresher_stopped[2] || refresher_stopped[3])

/* The kernel: when the last descriptor of an open file is closed, its lock is free. */
inline free_if_closed(seat) {
  if
  :: lock == seat && !fd_engine[seat] && !fd_refresher[seat] && !fd_child[seat] -> lock = 0
  :: else
  fi
}

/* What a run leaves when all of it is gone: nothing. Fewer states, no other behaviour. */
inline tidy(seat) {
  if
  :: (engine[seat] == dying || engine[seat] == gone) && !is_there(refresher[seat]) && watchdog[seat] != running && !lives(seat) ->
    generation[seat] = 0; iteration[seat] = 0; refreshers[seat] = 0; config[seat] = 0; environment[seat] = 0;
    worker[seat] = absent; refresher[seat] = absent; watchdog[seat] = absent; watched_generation[seat] = 0;
    has_end[seat] = false; guard_killed[seat] = false; watchdog_killed[seat] = false
  :: else
  fi
}

/* The kernel: an exit, or SIGKILL. */
inline end_engine(seat) {
  d_step {
    engine[seat] = dying; engine_stopped[seat] = false; terminated[seat] = false; owns[seat] = false;
    fd_engine[seat] = false; free_if_closed(seat);
    tidy(seat)
  }
}
inline end_refresher(seat) {
  d_step {
    refresher[seat] = dying; refresher_stopped[seat] = false; has_pause[seat] = false;
    watching[seat] = false; fd_refresher[seat] = false; free_if_closed(seat)
  }
}
inline end_watchdog(seat) {
  d_step {
    watchdog[seat] = gone;
    if :: lock == seat + WATCHDOG -> lock = 0 :: else fi;
    tidy(seat)
  }
}
inline end_process_of_worker(seat) {
  d_step {
    worker[seat] = gone; hides[seat] = false;
#ifdef BREAK_WORKER_CLOSES_LOCK
    fd_child[seat] = false; free_if_closed(seat);
#endif
    tidy(seat)
  }
}

/* kernel-lock.ts: attempt */
inline take_lock(me) {
  d_step { lock = me; fd_engine[me] = true; engine[me] = running }
}

/* kernel-lock.ts: HeldLock.release. An explicit unlock frees the open file, whoever has descriptors of it. */
inline unlock(seat) {
  d_step { if :: lock == seat -> lock = 0 :: else fi }
}

#define takes_back(g, i, e) (g < record.generation || (g == record.generation \
  && (i < record.iteration || record.ended == in_order || (record.ended == owner_died && e != owner_died))))

/* write-record.ts: writeRecord. A writer that is killed before its rename has written nothing. */
inline put_record(file, new_generation, new_owner, new_ended, new_reaped, new_iteration, new_worker, new_refresher) {
  assert(!another_owns(file));                                               /* A2 */
  assert(lock == file);                                                      /* A1 */
  assert(!takes_back(new_generation, new_iteration, new_ended));             /* A5 */
  record.generation = new_generation; record.owner = new_owner;
  record.ended = new_ended; record.reaped = new_reaped;
  record.iteration = new_iteration; record.worker = new_worker; record.refresher = new_refresher
}

/* owner.ts: Owner.#put. A write that fails is said, and the run goes on. */
inline owner_puts(me, its_end, its_worker) {
  assert(!watching[me]);                                                     /* A1 */
  if
#ifdef WRITES_FAIL
  :: failed_writes < 1 -> failed_writes++
#endif
  :: put_record(me, generation[me], me, its_end, false, iteration[me], its_worker, 0)
  fi
}

/* end-worker.ts: endWorker, terminate.ts: endTree. Looks, signals, and looks again until nothing is found. */
inline end_worker(seat, n, named, survived) {
  do
  :: atomic { is_found(seat, n, named) -> end_process_of_worker(seat) }
#ifdef UNKILLABLE
  :: atomic { is_found(seat, n, named) -> survived = true; break }           /* KILL_SECONDS have passed */
#endif
  :: atomic { !is_found(seat, n, named) -> break }
  od
}

/* guard-keeper.ts: GuardKeeper.pause */
inline send_pause(me) {
  if :: watching[me] && refresher[me] == running -> has_pause[me] = true :: else fi
}
inline await_paused(me) {
#ifdef BREAK_WAIT_REFRESHER_STOP
  skip
#else
  do
  :: atomic { !watching[me] && refresher[me] != dying -> break }             /* `paused`; #ended */
#ifndef BREAK_KILL_STOPPED_REFRESHER
  :: atomic { watching[me] && refresher[me] == running -> end_refresher(me); guard_killed[me] = true } /* #killSilent */
#endif
  od
#endif
}

/* GuardKeeper.#start: spawn, then the configuration on its input */
inline spawn_guard(me) {
  refreshers[me]++; refresher[me] = running; guard_killed[me] = false;
#ifndef BREAK_REFRESHER_INHERITS
  fd_refresher[me] = true
#endif
}
/* watchdog.ts: Watchdog.start */
#ifdef BREAK_NO_WATCHDOG
#define spawn_watchdog(me) skip
#define is_guarded(me) true
#else
#define spawn_watchdog(me) watchdog[me] = running; watchdog_killed[me] = false
#define is_guarded(me) (watchdog[me] == running || refresher[me] == running)
#endif

inline read_record(into) {
  d_step {
    into.generation = record.generation; into.owner = record.owner; into.ended = record.ended;
    into.iteration = record.iteration; into.worker = record.worker
  }
}
inline forget(it) {
  d_step { it.generation = 0; it.owner = 0; it.ended = open; it.iteration = 0; it.worker = 0 }
}

#define forget_all forget(last); its_owner = 0; its_refresher = 0; reaps = false; survived = false
/* A contender that has not got the lock leaves no trace. */
#define give_up engine[me] = gone; forget_all; goto end_done

proctype Engine(byte me) provided (!engine_stopped[me])
{
  Record last;
  byte its_owner, its_refresher;
  bool reaps, survived;

  last.ended = open;
  {
    /* Who has which seat makes no difference, so they start in this order. */
    (me == 1 || engine[me - 1] != absent);
again:
    if
    :: atomic { lock == 0 -> take_lock(me); goto locked }                    /* locked-session.ts: attemptLock; claim.ts: lock */
    :: atomic {                                                              /* locked-session.ts: lockAfterCleanup, SIGCONT */
        is_dead(record) && record.refresher == refreshers[record.owner] && refresher_stopped[record.owner] ->
        refresher_stopped[record.owner] = false;
        goto again
      }
    :: atomic { is_dead(record) -> engine[me] = running; reaps = true; read_record(last) }; /* reap.ts: reap */
      if
      :: atomic { lock == 0 -> take_lock(me); goto locked }                  /* reapOne → acquireFree */
      :: atomic { lock != 0 -> give_up }                                     /* lockHeldError */
      fi
#ifdef BREAK_LOCK_FILE_STAYS
    :: atomic { lock != 0 -> take_lock(me); goto locked }
#endif
#ifdef BREAK_LOCK_FIRST
    :: atomic { engine[me] = running; read_record(last) };
      if
      :: atomic { lock == 0 -> take_lock(me); goto locked }
      :: atomic { lock != 0 -> give_up }
      fi
#endif
    :: atomic {                                                              /* --force; claim.ts: lock → snapshot; takeOver */
        lock != 0 && record.generation != 0 && record.ended == open && forces < FORCES ->
        engine[me] = running;
        forces++;
        its_owner = record.owner; its_refresher = record.refresher;
        /* end-owner.ts: askToEnd. TERM, and CONT when it is stopped. */
        if
        :: engine[its_owner] == running -> terminated[its_owner] = true; engine_stopped[its_owner] = false
        :: else
        fi
      }
    fi;

    /* askToEnd → awaitGone; takeOver → SIGKILL */
    if
    :: engine[its_owner] == gone
    :: atomic { engine[its_owner] == running -> end_engine(its_owner) }
    :: atomic { give_up }
    fi;
    /* take-over.ts: endRefresher */
    if
    :: its_refresher == 0 || its_refresher != refreshers[its_owner] || refresher[its_owner] != running
    :: atomic {
        its_refresher != 0 && its_refresher == refreshers[its_owner] && refresher[its_owner] == running ->
        end_refresher(its_owner);
        guard_killed[its_owner] = true
      }
    :: atomic { give_up }
    fi;
    /* takeOver → waitAcquire */
    if
#ifdef BREAK_FORCE_AWAITS_LOCK
    :: atomic { lock != 0 -> take_lock(me) }
#endif
    :: atomic { lock == 0 -> take_lock(me) }
    :: atomic { lock != 0 -> give_up }                                       /* lockHeldError */
    fi;

locked:
    atomic {
      its_owner = 0; its_refresher = 0;
      /* claim.ts: readLastRun, planRun; reap.ts: reapOne → snapshot */
#if defined(BREAK_REAP_LOOKS_AGAIN)
      if :: reaps :: else -> read_record(last) fi;
#elif defined(BREAK_LOCK_FIRST)
      if :: last.generation == 0 -> read_record(last) :: else fi;
#else
      read_record(last);
      if :: reaps && !is_dead(record) -> goto release :: else fi;
#endif
      if
      :: last.generation == 0 || last.ended == in_order -> goto cleared      /* endedInOrder */
      :: else ->
        if
        :: !reaps && last.ended == open && is_there(engine[last.owner])
        :: else -> goto clear
        fi
      fi
    };
    /* claim.ts: refuseLivingOwner */
    if
    :: engine[last.owner] == gone
    :: atomic { is_there(engine[last.owner]) -> goto release }
    fi;
clear:
#ifdef BREAK_CLEAR_AFTER_DEATH
    skip;
#else
    end_worker(last.owner, last.iteration, last.worker, survived);           /* orphans.ts: killOrphans */
#endif
#ifdef UNKILLABLE
    atomic { if :: survived -> goto release :: else fi };
#endif
cleared:
    atomic {
      if
      :: reaps ->                                                            /* reapOne → writeRecord */
        put_record(me, last.generation, last.owner, owner_died, true, last.iteration, last.worker, 0);
        goto release
      :: else ->                                                             /* runs.ts: openRun */
#ifdef BREAK_GENERATION_WITNESS
        generation[me] = last.generation + 1;
#else
        generation[me] = (last.generation > runs -> last.generation : runs) + 1;
#endif
        assert(generation[me] > runs);                                       /* A4 */
        runs = generation[me];
        forget(last)
      fi
    };
    atomic {                                                                 /* claim.ts: firstRecord, writeRecord */
      put_record(me, generation[me], me, open, false, 0, 0, 0);
      owns[me] = true; watched_generation[me] = generation[me];
      spawn_watchdog(me); spawn_guard(me)                                    /* GuardKeeper.start; there is no worker yet */
    };

    do                                                                       /* run.ts: iterate */
    :: atomic {
        terminated[me] || iteration[me] == ITERATIONS ->                     /* stopEnd, endAfter */
#ifdef BREAK_UNLOCK_LAST
        unlock(me);
#endif
        owner_puts(me, in_order, 0);                                         /* owner.ts: Owner.end */
        owns[me] = false;
        break
      }
    :: atomic {
        !terminated[me] && iteration[me] < ITERATIONS ->
        iteration[me]++
      };
      do                                                                     /* GuardKeeper.ensure */
      :: atomic { is_guarded(me) -> break }
#ifndef BREAK_NO_WATCHDOG
      :: atomic { watchdog[me] == gone -> spawn_watchdog(me) }
#endif
      od;
      atomic { owner_puts(me, open, 0) };                                    /* iteration.ts: start, `running` */
      /* worker.ts: startWorker, the fork */
      atomic {
        assert(!some_worker_lives);                                          /* A3 */
        worker[me] = forked; environment[me] = iteration[me]; fd_child[me] = true
      };
      atomic {                                                               /* runIteration → owner.write, `worker` */
        worker[me] != forked -> owner_puts(me, open, iteration[me]);
#ifdef UNKILLABLE
        if :: worker[me] == running -> hides[me] = true :: else fi           /* it has become another user's */
#endif
      };

watch:
      do
      :: atomic { worker[me] == gone -> send_pause(me) };                    /* worker.exit */
        await_paused(me);
        break
      :: atomic { worker[me] == running && terminated[me] -> send_pause(me) }; /* stopRequests.terminate */
        await_paused(me);
        atomic { owner_puts(me, open, iteration[me]) };                      /* `stopping` */
        end_worker(me, iteration[me], iteration[me], survived);              /* endTheWorker */
        break
      :: atomic { worker[me] == running && !terminated[me] && watching[me] -> skip }; /* options.timeout */
        end_worker(me, iteration[me], iteration[me], survived);              /* endTheWorker, while the guard beats */
        atomic { send_pause(me) };
        await_paused(me);
        break
      :: atomic {                                                            /* #tellToWatch */
          worker[me] == running && refresher[me] == running && !watching[me] && !has_pause[me] ->
          watching[me] = true; config[me] = iteration[me]
        }
      :: atomic { worker[me] == running && !is_there(refresher[me]) -> spawn_guard(me) } /* #startAgain */
#ifndef BREAK_NO_WATCHDOG
      :: atomic { worker[me] == running && watchdog[me] == gone -> spawn_watchdog(me) } /* Watchdog.start, again */
#endif
      od;
#ifdef UNKILLABLE
      atomic {
        if
        :: survived ->                                                       /* errors.survivors → Owner.end */
#ifdef BREAK_KEEP_WORKER
          owner_puts(me, owner_died, 0);
#else
          owner_puts(me, owner_died, iteration[me]);
#endif
          owns[me] = false;
          break
        :: else
        fi
      }
#endif
    od;

release:
    atomic {                                                                 /* GuardKeeper.end; the watchdog exits */
      if :: refreshers[me] != 0 -> has_end[me] = true; watchdog[me] = gone :: else fi;
      unlock(me)
    };
    end_engine(me)                                                           /* its exit */
  } unless {
    engine[me] == dying
  };
  atomic { engine[me] = gone; forget_all };
end_done:
  false
}

/*
 * The end of the pipe from the owner. A child that is forked and has not executed yet has a copy of the owner's end: by the
 * time that the pipe ends a worker shows its cookie.
 */
#ifdef BREAK_PIPE_UNTIL_EXEC
#define input_ends(seat) (engine[seat] != running && !has_end[seat])
#else
#define input_ends(seat) (engine[seat] != running && worker[seat] != forked && !has_end[seat])
#endif
#define orphaned(seat) (input_ends(seat) && engine[seat] == gone)
/* Whether the run of a seat is open on the disk: guard/dead-run.ts, openRecord. */
#define is_open_run(seat) (record.generation == watched_generation[seat] && record.ended == open)

/* guard/main.ts, guard/guard.ts: one after the other for one owner */
proctype Guard(byte seat) provided (!refresher_stopped[seat])
{
  bool survived;
  byte known, process;

end_idle:
  do
  :: refresher[seat] == running ->
    {
      do
      :: atomic { has_end[seat] -> goto finish }                             /* handle: end */
      :: atomic { input_ends(seat) -> break }                                /* inputEnded */
      :: atomic { has_pause[seat] -> has_pause[seat] = false; watching[seat] = false } /* handle: pause */
      :: atomic {                                                            /* beat; the same once more is no change */
          watching[seat] && !has_end[seat] && (record.refresher != refreshers[seat] || record.owner != seat || record.ended != open || lock != seat) ->
          put_record(seat, generation[seat], seat, open, false, config[seat], config[seat], refreshers[seat])
        }
      od;
#ifdef BREAK_NO_GUARD
      atomic { goto finish };
#endif
      /* awaitOwnerDeath, at most OWNER_DEATH_SECONDS; newest: what it has watched, or else what is on the disk */
      if
      :: atomic { engine[seat] == gone && is_open_run(seat) && watching[seat] -> known = config[seat]; process = config[seat] }
      :: atomic {
          engine[seat] == gone && is_open_run(seat) && !watching[seat] ->
          known = record.iteration; process = record.worker
        }
      :: atomic { engine[seat] != running && !is_open_run(seat) -> goto finish }
      fi;
      end_worker(seat, known, process, survived);                            /* endDeadRun → endWorker */
#ifdef UNKILLABLE
      atomic { if :: survived -> survived = false; goto finish :: else fi };
#endif
      atomic {                                                               /* endDeadRun → writeRecord */
        put_record(seat, watched_generation[seat], seat, owner_died, false, known, process, refreshers[seat])
      };
      unlock(seat);                                                          /* adoptLock().release */
finish:
      end_refresher(seat)                                                    /* process.exit */
    } unless {
      refresher[seat] == dying
    };
    atomic { refresher[seat] = gone; survived = false; known = 0; process = 0; tidy(seat) }
  :: atomic { refresher[seat] == dying -> refresher[seat] = gone; tidy(seat) }
  od
}

#ifdef BREAK_NO_WATCHDOG
proctype Nobody() { skip }
#else
/* watchdog.ts, guard/orphan-mode.ts */
proctype Watchdog(byte seat)
{
  bool survived;

end_idle:
  do
  :: watchdog[seat] == running ->
    {
      do                                                                     /* awaitOwnerDeath, lockOpenRun */
      :: atomic { orphaned(seat) && !is_open_run(seat) -> goto finish }
      :: atomic {
          orphaned(seat) && is_open_run(seat) && refresher[seat] == running && refresher_stopped[seat] ->
          refresher_stopped[seat] = false
        }
      :: atomic {                                                            /* waitAcquire; what it has read holds from here on */
          orphaned(seat) && is_open_run(seat) && !is_there(refresher[seat]) && lock == 0 ->
          lock = seat + WATCHDOG;
          break
        }
      od;
      end_worker(seat, record.iteration, record.worker, survived);           /* endDeadRun → endWorker */
#ifdef UNKILLABLE
      atomic { if :: survived -> survived = false; goto finish :: else fi };
#endif
      atomic {                                                               /* endDeadRun → writeRecord */
        put_record(seat + WATCHDOG, watched_generation[seat], seat, owner_died, false, record.iteration, record.worker, record.refresher)
      };
finish:
      end_watchdog(seat)
    } unless {
      watchdog[seat] != running
    };
    atomic { survived = false }
  od
}
#endif

#ifdef BREAK_WORKER_CLOSES_LOCK
#define CLOSE_ON_EXEC(seat) skip
#else
#define CLOSE_ON_EXEC(seat) fd_child[seat] = false; free_if_closed(seat)
#endif
#define WORKER(seat) \
  :: atomic { worker[seat] == forked -> worker[seat] = running; CLOSE_ON_EXEC(seat) } \
  :: atomic { worker[seat] == running -> end_process_of_worker(seat) }

proctype Workers()
{
end_idle:
  do
  WORKER(1)
  WORKER(2)
#if CONTENDERS == 3
  WORKER(3)
#endif
  od
}

#define TROUBLE(seat) \
  :: atomic { fd_engine[seat] && trouble < TROUBLES -> trouble++; end_engine(seat) } \
  :: atomic { fd_engine[seat] && trouble < TROUBLES && !engine_stopped[seat] -> trouble++; engine_stopped[seat] = true } \
  :: atomic { fd_engine[seat] && trouble < TROUBLES && engine_stopped[seat] -> trouble++; engine_stopped[seat] = false } \
  :: atomic { fd_engine[seat] && trouble < TROUBLES && owns[seat] && !terminated[seat] -> trouble++; terminated[seat] = true } \
  :: atomic { refresher[seat] == running && trouble < TROUBLES -> trouble++; end_refresher(seat); guard_killed[seat] = true } \
  :: atomic { watchdog[seat] == running && trouble < TROUBLES -> trouble++; watchdog_killed[seat] = true; end_watchdog(seat) } \
  :: atomic { refresher[seat] == running && trouble < TROUBLES && !refresher_stopped[seat] -> trouble++; refresher_stopped[seat] = true } \
  :: atomic { refresher[seat] == running && trouble < TROUBLES && refresher_stopped[seat] -> trouble++; refresher_stopped[seat] = false }

proctype Trouble()
{
end_idle:
  do
  TROUBLE(1)
  TROUBLE(2)
#if CONTENDERS == 3
  TROUBLE(3)
#endif
  /* Whenever things have come to rest, a run or a run --force gets the session. */
  :: atomic { all_wait && !can_be_had -> assert(can_be_had) } /* A6 */
  /* What has lost its owner has been ended by then. */
  :: atomic { all_wait && some_orphan_lives -> assert(!some_orphan_lives) } /* A8 */
  /* Nobody waits for somebody who is stopped; in the end nobody is stopped any more, and all comes to an end. */
  :: atomic {
      timeout && some_are_stopped ->
      assert(all_wait);                                                      /* A7 */
      engine_stopped[1] = false; engine_stopped[2] = false; engine_stopped[3] = false;
      refresher_stopped[1] = false; refresher_stopped[2] = false; refresher_stopped[3] = false
    }
  :: atomic { timeout && !some_are_stopped -> assert(lock == 0 && !some_worker_lives); break } /* A7 */
  od
}

init {
  atomic {
    record.ended = open;
    run Workers();
    run Trouble();
    run Guard(1); run Guard(2); run Guard(3);
#ifdef BREAK_NO_WATCHDOG
    run Nobody(); run Nobody(); run Nobody();
#else
    run Watchdog(1); run Watchdog(2); run Watchdog(3);
#endif
    run Engine(1); run Engine(2);
#if CONTENDERS == 3
    run Engine(3)
#endif
  }
}
