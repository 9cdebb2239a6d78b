/**
 * Contenders on one session, through the real commands, through scripts that have sourced lock.sh and through the modules, under SIGKILL, SIGSTOP and delays
 * between the steps of the protocol; then the same over three ways of locking that are known to break.
 *
 * usage: npm run torture -- [--seconds 600] [--contenders 8] [--scripts 2] [--rate 25] [--nice 19] [--only session-lock] [--keep]
 *
 * Exits with 1 when the session lock has done anything that it must not. That the other three break is shown, not
 * demanded: it is a matter of chance.
 */
import { parseArgs } from 'node:util'
import type { Layout } from './lib/layout.ts'
import { hasProc } from './lib/machine.ts'
import { beNice, NICE_OPTION } from './lib/nice.ts'
import { makeSandbox, removeSandbox, sweep } from './lib/sandbox.ts'
import { table } from './lib/table.ts'
import type { Protocol } from './torture/protocols.ts'
import { Besieger, type Outcome } from './torture/siege.ts'

const NAMES: Readonly<Record<Exclude<Protocol, 'none'>, string>> = {
  'session-lock': 'session lock',
  'pid-file': 'PID file, read, check, write',
  'exclusive-file': 'O_EXCL, stale ones removed',
  'proper-lockfile': 'proper-lockfile',
}

/** The time of each; proper-lockfile waits two seconds for every owner that was killed. */
const FRACTIONS: Readonly<Record<keyof typeof NAMES, number>> = {
  'session-lock': 0.75,
  'pid-file': 0.06,
  'exclusive-file': 0.07,
  'proper-lockfile': 0.12,
}

const HEAD = [
  '',
  'seconds',
  'sections',
  'of scripts',
  'tenures',
  'kills',
  'of refreshers',
  'of supervisors',
  'stops',
  'takeovers',
  'overlaps (journal)',
  'overlaps (lock)',
  'generation not grown',
  'iteration repeated',
  'record lost',
  'orphans',
]

const row = (name: string, outcome: Outcome): readonly (string | number)[] => [
  name,
  outcome.seconds.toFixed(0),
  outcome.sections,
  outcome.scriptSections,
  outcome.tenures,
  outcome.kills,
  outcome.refreshersKilled,
  outcome.supervisorsKilled,
  outcome.stops,
  outcome.takeovers,
  outcome.overlapsByJournal,
  outcome.overlapsByLock,
  outcome.notGrown,
  outcome.repeated,
  outcome.recordsLost,
  outcome.orphans,
]

const isClean = (outcome: Outcome): boolean =>
  outcome.faults.length === 0 &&
  outcome.overlapsByJournal +
    outcome.overlapsByLock +
    outcome.notGrown +
    outcome.repeated +
    outcome.recordsLost +
    outcome.errors +
    outcome.orphans ===
    0

/** Rows become columns: sixteen of them fit on no screen. */
const transposed = (
  rows: readonly (readonly (string | number)[])[],
): readonly (readonly (string | number)[])[] => HEAD.map((_, column) => rows.map((one) => one[column] ?? ''))

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      contenders: { type: 'string', default: '8' },
      scripts: { type: 'string', default: '2' },
      rate: { type: 'string', default: '25' },
      nice: NICE_OPTION,
      only: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  })
  if (!hasProc()) {
    console.log('torture: skipped: it looks for its victims in /proc, which is not here')
    return 0
  }
  beNice(values.nice)
  const rows: (readonly (string | number)[])[] = [HEAD]
  let isGood = true
  for (const [protocol, name] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
    if (values.only !== undefined && values.only !== protocol) continue
    const fraction = values.only === undefined ? FRACTIONS[protocol] : 1
    const sandbox = makeSandbox('torture')
    let { keep } = values
    try {
      const outcome = await new Besieger({
        layout,
        sandbox,
        protocol,
        contenders: Number(values.contenders),
        scripts: Number(values.scripts),
        rate: Number(values.rate),
        seconds: Number(values.seconds) * fraction,
      }).run((line) => console.error(line))
      rows.push(row(name, outcome))
      if (protocol === 'session-lock' && !isClean(outcome)) {
        isGood = false
        keep = true
        for (const fault of outcome.faults) console.error(fault)
      }
      if (keep) console.error(`what there was is kept in ${sandbox.dir}`)
    } finally {
      if (keep) sweep(sandbox)
      else removeSandbox(sandbox)
    }
  }
  console.log(table(transposed(rows)))
  console.log(
    isGood ? '\nThe session lock has kept its promises.' : '\nThe session lock has broken a promise.',
  )
  return isGood ? 0 : 1
}
