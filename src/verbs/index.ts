/** Which verbs there are. Each is loaded when it is asked for: `status` loads nothing of `run`. */
import type { VerbTable } from '../cli/verb.ts'

export const VERBS: VerbTable = {
  engine: {
    run: () => import('./run.ts'),
    stop: () => import('./stop.ts'),
    resume: () => import('./resume.ts'),
    up: () => import('./up.ts'),
    down: () => import('./down.ts'),
    __complete: () => import('./__complete.ts'),
  },
  lock: {
    status: () => import('./status.ts'),
    watch: () => import('./watch.ts'),
    why: () => import('./why.ts'),
    attach: () => import('./attach.ts'),
    answer: () => import('./answer.ts'),
    reap: () => import('./reap.ts'),
    forget: () => import('./forget.ts'),
    wait: () => import('./wait.ts'),
    logs: () => import('./logs.ts'),
    history: () => import('./history.ts'),
    report: () => import('./report.ts'),
    interrupt: () => import('./interrupt.ts'),
    progress: () => import('./progress.ts'),
    attention: () => import('./attention.ts'),
    hook: () => import('./hook.ts'),
    setup: () => import('./setup.ts'),
    'notify-test': () => import('./notify-test.ts'),
    completion: () => import('./completion.ts'),
    doctor: () => import('./doctor.ts'),
    __shell: () => import('./__shell.ts'),
    __complete: () => import('./__complete.ts'),
  },
}
