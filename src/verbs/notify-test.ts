import { optionalNameOf, print, type Verb } from '../cli/verb.ts'
import { loadConfig } from '../config/load.ts'
import { environmentName, environmentOptions, fileOptions } from '../core/config.ts'
import { EXIT_CODES, errors } from '../core/errors.ts'
import { NOTICE_EVENTS, type Notice, type NoticeEvent } from '../core/notice.ts'
import { printable } from '../core/printable.ts'
import { parseRunOptions } from '../core/run-options.ts'
import { helperEnvironment } from '../engine/helper-environment.ts'
import { runNotify } from '../process/notify.ts'
import { openSession } from '../session/session.ts'
import type { World } from '../world.ts'

/** @throws LockError `usage` */
const parseEvent = (text: string): NoticeEvent => {
  const event = NOTICE_EVENTS.find((known) => known === text)
  if (event !== undefined) return event
  throw errors.usage(`--event is one of ${NOTICE_EVENTS.join(', ')}, not ${JSON.stringify(printable(text))}`)
}

type Found = { readonly command: string; readonly from: string }

/** What a run that holds the session uses; else what the next one would. */
const findCommand = async (
  world: World,
  name: string | undefined,
  given: string | undefined,
): Promise<Found | null> => {
  if (given !== undefined) return { command: given, from: '--notify' }
  const record = name === undefined ? null : openSession(world, name).snapshot().record
  if (record !== null && record.ended === null)
    return record.options.notify === null
      ? null
      : { command: record.options.notify, from: `run ${record.generation} of ${record.session}` }
  const environment = environmentOptions(world.env)
  const ofEnvironment = parseRunOptions((option) => environment[option], environmentName).notify
  if (ofEnvironment) return { command: ofEnvironment, from: environmentName('notify') }
  const config = await loadConfig(world)
  const file = fileOptions(config, name ?? '')
  const ofFile = parseRunOptions((option) => file[option]).notify
  if (config !== null && ofFile) return { command: ofFile, from: config.path }
  const ofRecord = record?.options.notify
  return ofRecord ? { command: ofRecord, from: `the last run of ${name}` } : null
}

const testNotice = (world: World, name: string | undefined, event: NoticeEvent): Notice => {
  const record = name === undefined ? null : openSession(world, name).snapshot().record
  return {
    event,
    session: name ?? 'test',
    generation: record?.generation ?? 1,
    iteration: record?.iteration.number ?? 1,
    epoch: world.clock.epoch(),
    reason: 'this is a test of --notify; nothing has happened',
    cause: event === 'hung' ? 'silent' : null,
    exit_code: event === 'ended' ? 0 : null,
    host: world.observer.host,
    cwd: record?.cwd ?? world.cwd,
    lock_dir: world.lockDir,
    tmux: record?.tmux ? { session: record.tmux.session, pane: record.tmux.pane } : null,
    test: true,
  }
}

export const verb: Verb = {
  describe: 'run the command of --notify once, as at an event',
  positionals: ['[NAME]'],
  options: {
    event: { type: 'string', value: NOTICE_EVENTS.join('|'), describe: 'which event (default hung)' },
    notify: {
      type: 'string',
      value: 'CMD',
      describe: 'this command (default: that of the session, of LOCK_NOTIFY, or of engine.yaml)',
    },
  },
  examples: [
    ['lock.sh notify-test nightly', 'what a hang of nightly would do'],
    [`lock.sh notify-test --notify 'notify-send "$LOCK_SESSION $LOCK_EVENT"'`, 'a command before it is used'],
  ],
  run: async (world, args) => {
    const name = optionalNameOf(args)
    const event = parseEvent(args.value('event') ?? 'hung')
    const found = await findCommand(world, name, args.value('notify'))
    if (found === null)
      throw errors.configuration(
        'notify',
        `${name ?? 'no session'} has no command to run at events`,
        'Give one:  engine.sh run NAME --notify CMD, or notify: CMD in engine.yaml; to try one: lock.sh notify-test --notify CMD',
      )
    const { command, from } = found
    world.notify(`running, as at ${event}: ${printable(command)}   (from ${printable(from)})`)
    const notice = testNotice(world, name, event)
    const failure = await runNotify(world, {
      command,
      notice,
      env: helperEnvironment(world.env),
      output: ['inherit', 'inherit'],
    })
    if (failure !== null) {
      world.notify(`the command ${failure}`)
      return EXIT_CODES.io
    }
    print(`the command has ended with exit code 0\n`)
    return 0
  },
}
