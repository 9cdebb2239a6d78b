/**
 * The table of the zoo: what is run, and what has to be said of it.
 *
 * @typedef {object} Scenario
 * @property {string} name           also the session's
 * @property {'working'|'hung'|'recovery'|'undecidable'} kind
 * @property {string[]} causes       of `hung` and `recovery`: any of these is right; more than one only where both words are true
 * @property {'works'|'hangs'} truth of `undecidable`: what we know, and nobody outside can
 * @property {string} reason         of `undecidable`: what it cannot be told from
 * @property {string[]} program
 * @property {boolean|'shell'} terminal  runs in a pane; `shell`: typed into an interactive shell there
 * @property {object} limits         seconds or `off`, over {@link LIMITS}
 * @property {string[]} options      further options of `engine.sh run`
 * @property {number} cores          processor taken by it; what is run at once is limited by their sum
 * @property {string[]} needs        programs without which it is left out
 * @property {{signal: string, to: 'owner'|'refresher'|'worker', after: number}|{keys: string[], after: number}} strike  done from
 *   outside, `after` seconds of work; the hang begins there, and not at the mark of the program
 * @property {number} hold           of `hung`: seconds for which the verdict has to stay, where that is longer than usual
 * @property {{signal: string, to: string}|{keys: string[]}} revive  of `recovery`: done from outside when it has been found hung
 * @property {number} limit          seconds, where it is not that of the cause
 * @property {number} start          seconds in which it comes from its mark to its hang, where that is not at once
 */
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAMS = join(dirname(fileURLToPath(import.meta.url)), 'programs')

/** Seconds. */
export const LIMITS = { interval: 0.5, stale: 2, quiet: 4, stuck: 8 }

/** The Node that programs of the zoo run on: another than the harness's with --node. */
const NODE = process.env.ZOO_NODE ?? process.execPath
const INTERPRETERS = { '.mjs': NODE, '.py': 'python3', '.sh': 'bash' }

const program = (file, ...args) => [INTERPRETERS[extname(file)], join(PROGRAMS, file), ...args]

/** Out of other people's way: it takes a core for itself. */
const nice = (file, ...args) => ['nice', '-n', '19', ...program(file, ...args)]

const BARE = { causes: [], terminal: false, limits: {}, options: [], cores: 0.05, needs: [] }

const working = (name, command, extra = {}) => ({
  ...BARE,
  kind: 'working',
  name,
  program: command,
  ...extra,
})
const hung = (name, causes, command, extra = {}) => ({
  ...BARE,
  kind: 'hung',
  name,
  causes: [causes].flat(),
  program: command,
  ...extra,
})
const recovery = (name, cause, command, revive, extra = {}) => ({
  ...hung(name, cause, command, extra),
  kind: 'recovery',
  revive,
})
const undecidable = (name, truth, command, reason, extra = {}) => ({
  ...BARE,
  kind: 'undecidable',
  name,
  truth,
  program: command,
  reason,
  ...extra,
})

/** It notices a key, and nothing else is to be seen of it: that needs the limit of silence. */
const AT_PROMPT = { terminal: true, limit: LIMITS.quiet }
const PYTHON = { needs: ['python3'] }

const stop = (to) => ({ signal: 'SIGSTOP', to, after: 2 })

/** @type {Scenario[]} */
export const SCENARIOS = [
  working('chatty-build', program('chatty-build.sh')),
  working('silent-compile', nice('silent-compile.sh'), { cores: 0.6 }),
  working('silent-download', program('silent-download.mjs')),
  working('ping-stream', program('ping-stream.mjs')),
  working('dots', program('dots.mjs')),
  working('dots-in-rows', nice('dots.mjs', '40', '10'), { cores: 0.15 }),
  working('progress-bar', program('progress-bar.mjs')),
  working('percent', program('percent.mjs')),
  working('counter', program('counter.mjs')),
  working('counter-lines', program('counter.mjs', 'line')),
  working('layers', program('layers.mjs')),
  working('full-screen-spinner-and-text', program('full-screen.mjs', 'text'), { terminal: true }),
  working('slow-list', program('slow-list.mjs'), { terminal: true }),
  working('number-crunching', nice('crunch.sh', '5'), { cores: 1 }),
  working('notes-only', program('notes.sh')),
  working('promised-silence', program('promises.sh', '2')),
  working('promised-silence-at-once', program('promises.sh', '0')),
  working('stderr-only', program('stderr.sh')),
  working('pauses', program('pauses.sh', '2.5')),
  working('hands-over', program('hands-over.sh')),
  working('deep-tree', nice('deep-tree.sh'), { cores: 0.3 }),
  working('daemon', nice('daemon.sh'), { cores: 0.3 }),
  working('silent-copy', program('copy.mjs')),
  working('own-log', program('own-log.mjs')),
  working('own-log-in-shell', program('own-log.sh')),
  working('token-stream', program('token-stream.mjs')),
  working('thinks-then-talks', program('thinks-then-talks.mjs')),
  working('logs-beside-pings', program('pings-its-helper.mjs', 'logs')),
  working('prints-what-it-computes', nice('prints-what-it-computes.mjs'), { cores: 1 }),
  working('sizes-that-grow', program('shows-sizes.mjs', 'slow-unknown'), { terminal: true }),
  working('warnings-and-work', program('warnings-and-work.mjs')),
  working('receives', program('receives.py'), { needs: ['python3', 'ss'] }),
  working('byte-by-byte', ['nice', '-n', '19', 'dd', 'bs=1', 'if=/dev/zero', 'of=/dev/null'], { cores: 1 }),
  working('spinner-that-means-it', program('phrases.mjs', 'done')),
  working('phrases-beside-text', program('phrases.mjs', 'beside-text'), { terminal: true }),
  working('logs-at-a-prompt', program('prompt.mjs', 'logs'), { terminal: true }),
  working('short-silent-iterations', ['sleep', '0.7'], { options: ['-n', 'inf'] }),
  working('long-delay', program('says-and-ends.sh'), { options: ['-n', 'inf', '--delay', '9'] }),
  working('works-while-a-reader-waits', program('works-while-a-reader-waits.sh'), { terminal: true }),
  working('press-enter-to-stop', program('press-enter-to-stop.sh'), { terminal: true }),
  working('works-beside-a-stopped-child', program('works-beside-a-stopped-child.sh')),
  working('quiet-after-off', ['sleep', '300'], { limits: { quiet: 'off' } }),
  working('stuck-after-off', program('same-line.sh'), { limits: { stuck: 'off' } }),

  hung('sleeps', 'silent', program('sleeps.sh')),
  hung('sleeps-in-terminal', 'silent', program('sleeps.sh'), { terminal: true }),
  hung('no-answer', 'silent', program('no-answer.mjs')),
  hung('thread-deadlock', 'silent', program('thread-deadlock.mjs')),
  hung('busy-loop', 'spinning', nice('busy-loop.sh'), { cores: 1 }),
  hung('busy-loop-in-node', 'spinning', nice('busy-loop.mjs'), { cores: 1 }),
  hung('stopped-worker', 'stopped', program('chatty-build.sh'), { strike: stop('worker') }),
  hung('stopped-at-once', 'stopped', program('stops-itself.sh')),
  hung('stopped-engine', 'owner-stopped', program('chatty-build.sh'), { strike: stop('owner') }),
  hung('stopped-refresher', 'refresher-gone', program('chatty-build.sh'), { strike: stop('refresher') }),
  hung('same-error', 'repeating', program('same-error.sh')),
  hung('failing-client', 'repeating', program('failing-client.sh'), { cores: 0.15 }),
  hung('three-lines', 'repeating', program('three-lines.sh')),
  hung('full-screen-spinner', 'repeating', program('full-screen.mjs'), { terminal: true }),
  hung('asks', 'awaiting-input', program('asks.sh'), { terminal: true }),
  hung('asks-at-once', 'awaiting-input', program('asks-at-once.sh'), { terminal: true }),
  hung('asks-deep-down', 'awaiting-input', program('asks-deep-down.sh'), { terminal: 'shell' }),
  hung('asks-password', 'awaiting-input', program('asks-password.sh'), { terminal: true }),
  hung('pager', 'awaiting-input', program('pager.sh'), { terminal: true, needs: ['less'] }),
  hung('menu', 'awaiting-input', program('menu.mjs'), AT_PROMPT),
  hung('prompt', 'awaiting-input', program('prompt.mjs'), AT_PROMPT),
  hung(
    'prompt-of-second-process',
    'awaiting-input',
    program('launcher.sh', ...program('prompt.mjs', 'wakes')),
    AT_PROMPT,
  ),
  hung('prompt-that-blinks', 'awaiting-input', program('prompt.mjs', 'blinks', 'wakes'), AT_PROMPT),
  hung('key-in-select', 'awaiting-input', program('waits-for-key.py', 'select'), { ...AT_PROMPT, ...PYTHON }),
  hung('key-in-poll', 'awaiting-input', program('waits-for-key.py', 'poll'), { ...AT_PROMPT, ...PYTHON }),
  hung('key-in-epoll', 'awaiting-input', program('waits-for-key.py', 'epoll'), { ...AT_PROMPT, ...PYTHON }),
  hung('key-in-thread', 'awaiting-input', program('waits-for-key.py', 'thread'), { ...AT_PROMPT, ...PYTHON }),
  hung('peer-in-poll', 'silent', program('polls-without-terminal.py'), { terminal: true, ...PYTHON }),
  hung('held-by-ctrl-s', 'silent', program('chatty-build.sh'), {
    terminal: true,
    strike: { keys: ['C-s'], after: 2 },
  }),
  hung('tail', 'silent', program('tail.sh')),
  hung('blocked-pipeline', 'silent', program('blocked-pipeline.sh')),
  hung('idle-timer', 'silent', program('idle-timer.mjs')),
  hung('idle-pool', 'silent', program('idle-pool.mjs')),
  hung('wakes-its-threads', 'silent', program('wakes-its-threads.mjs')),
  hung('samples-itself', 'silent', program('samples-itself.mjs', 'held')),
  hung('samples-itself-anew', 'silent', program('samples-itself.mjs', 'anew'), { needs: ['ss'] }),
  hung('pings-its-helper', 'silent', program('pings-its-helper.mjs'), { needs: ['ss'] }),
  hung('prompt-with-helper', 'awaiting-input', program('pings-its-helper.mjs', 'prompt'), AT_PROMPT),
  hung('watches-settings', 'silent', program('watches-settings.mjs')),
  hung('rare-burst', 'silent', program('rare-burst.mjs'), { hold: 13 }),
  hung('near-idle', ['silent', 'spinning'], program('near-idle.mjs')),
  hung('retry-with-ids', 'repeating', program('retry-with-ids.mjs')),
  hung('retry-with-keys', 'repeating', program('retry-with-keys.mjs')),
  hung('retry-with-tokens', 'repeating', program('retry-with-tokens.mjs')),
  hung('sizes-that-stay', 'repeating', program('shows-sizes.mjs', 'never'), { terminal: true }),
  hung('json-log', 'repeating', program('json-log.mjs')),
  // It goes round, and it says nothing: both are true.
  hung('sleep-loop', ['silent', 'spinning'], program('sleep-loop.sh')),
  hung('quick-sleep-loop', ['silent', 'spinning'], program('sleep-loop.sh', '0.1')),
  hung('poll-for-line', ['silent', 'spinning'], program('poll-for-line.sh')),
  hung('braille-spinner-with-clock', 'repeating', program('spinner.mjs', 'clock')),
  hung('colour-spinner', 'repeating', program('spinner.mjs', 'colours')),
  hung('word-spinner', 'repeating', program('spinner.mjs', 'words')),
  hung('phrase-spinner', 'repeating', program('phrases.mjs')),
  hung('phrase-spinner-in-terminal', 'repeating', program('phrases.mjs'), { terminal: true }),
  hung('bouncing-bar', 'repeating', program('spinner.mjs', 'bar')),
  hung('percent-starts-over', 'repeating', program('starts-over.mjs', 'percent')),
  hung('attempts-start-over', 'repeating', program('starts-over.mjs', 'attempts')),
  hung('stopped-child', 'stopped', program('stopped-child.sh'), { limit: LIMITS.quiet }),
  hung('empty-fifo', 'silent', program('empty-fifo.sh')),
  hung('crossed-pipes', 'silent', program('crossed-pipes.sh')),
  hung('held-flock', 'silent', program('held-flock.sh'), { needs: ['flock'] }),
  hung('repeated-by-many', 'repeating', program('repeated-by-many.sh')),

  recovery('silent-then-works', 'silent', program('wakes-up.sh', 'silent'), {
    signal: 'SIGUSR1',
    to: 'worker',
  }),
  recovery('repeating-then-works', 'repeating', program('wakes-up.sh', 'repeating'), {
    signal: 'SIGUSR1',
    to: 'worker',
  }),
  recovery(
    'stopped-worker-goes-on',
    'stopped',
    program('chatty-build.sh'),
    { signal: 'SIGCONT', to: 'worker' },
    { strike: stop('worker') },
  ),
  recovery(
    'stopped-engine-goes-on',
    'owner-stopped',
    program('chatty-build.sh'),
    { signal: 'SIGCONT', to: 'owner' },
    { strike: stop('owner') },
  ),
  recovery('answered', 'awaiting-input', program('asks.sh'), { keys: ['y', 'Enter'] }, { terminal: true }),

  undecidable(
    'dots-while-waiting',
    'hangs',
    program('dots-while-waiting.sh'),
    'a dot for a second of waiting looks like a dot for a test that has passed',
  ),
  undecidable(
    'retry-with-new-words',
    'hangs',
    program('retry-with-new-words.mjs'),
    'a new host in each failure looks like a new file in each line of a build',
  ),
  undecidable(
    'silent-health-poll',
    'hangs',
    program('health-poll.mjs'),
    'bytes that say "not ready" look like bytes that say "here is the next part"',
  ),
  undecidable(
    'same-line-of-each',
    'works',
    program('same-line.sh'),
    'the same words about another package look like the same words about the same failure',
  ),
  undecidable(
    'crunches-past-the-limit',
    'works',
    nice('crunch.sh', '60'),
    'a long calculation looks like an endless loop: only the limit tells them apart',
    { cores: 1 },
  ),
  undecidable(
    'remote-build',
    'works',
    program('remote-build.mjs'),
    'work done on another machine looks like a peer that never answers',
  ),
]
