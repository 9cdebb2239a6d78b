/**
 * The first witness of overlap: an append-only file in which every critical section writes when it begins, several
 * times in the middle, and when it ends.
 *
 * A line is `WHO GENERATION ITERATION WHAT`, appended by one write(2), so lines are in the order in which they were
 * written. Whoever was killed in its section is silent from then on; so a section that writes again after another one
 * has begun was alive in it together with the other. No clock and no process table is asked for that.
 */
export const WHATS = ['enter', 'step', 'leave', 'held', 'lost', 'error', 'end'] as const

/**
 * `held`: the second witness, a kernel lock, was held by somebody alive. `lost`: the record is not the one that this
 * owner has written. `error`: something failed that cannot be explained by a kill. `end`: the tenure ended cleanly.
 */
export type What = (typeof WHATS)[number]

export type Entry = {
  readonly who: string
  readonly generation: number
  readonly iteration: number
  readonly what: What
}

export const writeEntry = ({ who, generation, iteration, what }: Entry): string =>
  `${who} ${generation} ${iteration} ${what}\n`

/** @throws when a line is none, which would mean that the witness itself cannot be trusted */
export const readJournal = (text: string): readonly Entry[] =>
  text.split('\n').flatMap((line) => {
    if (line === '') return []
    const [who = '', generation, iteration, word] = line.split(' ')
    const what = WHATS.find((known) => known === word)
    if (what === undefined || !/^\d+$/.test(generation ?? '') || !/^\d+$/.test(iteration ?? '')) {
      throw new Error(`not a line of the journal: ${JSON.stringify(line)}`)
    }
    return [{ who, generation: Number(generation), iteration: Number(iteration), what }]
  })

export type Findings = {
  /** Critical sections that were entered. */
  readonly sections: number
  readonly tenures: number
  /** Tenures that followed one which had not ended cleanly. */
  readonly takeovers: number
  /** Sections that wrote after another one had begun. */
  readonly overlapsByJournal: number
  /** Sections that met the second witness held. */
  readonly overlapsByLock: number
  /** Tenures whose generation is not above all before it. */
  readonly notGrown: number
  /** Iterations of one generation that were begun twice. */
  readonly repeated: number
  readonly recordsLost: number
  readonly errors: number
}

/** @param endedInOrder tenures of which it is known otherwise than by an `end` line */
export const assess = (
  entries: readonly Entry[],
  endedCleanly: ReadonlySet<string> = new Set(),
): Findings => {
  const begun = new Set<string>()
  const overlapping = new Set<string>()
  const repeated = new Set<string>()
  const ended = new Set(endedCleanly)
  const tenures: string[] = []
  const known = new Set<string>()
  let latest = ''
  let highest = 0
  let takeovers = 0
  const count = { sections: 0, held: 0, lost: 0, notGrown: 0, errors: 0 }

  for (const { who, generation, iteration, what } of entries) {
    if (!known.has(who) && what !== 'error') {
      const before = tenures.at(-1)
      if (before !== undefined && !ended.has(before)) takeovers += 1
      known.add(who)
      tenures.push(who)
      if (generation <= highest) count.notGrown += 1
      highest = Math.max(highest, generation)
    }
    const section = `${who} ${generation} ${iteration}`
    switch (what) {
      case 'enter':
        count.sections += 1
        if (begun.has(`${generation} ${iteration}`)) repeated.add(`${generation} ${iteration}`)
        begun.add(`${generation} ${iteration}`)
        latest = section
        break
      case 'step':
      case 'leave':
        if (section !== latest) overlapping.add(section)
        break
      case 'held':
        count.held += 1
        break
      case 'lost':
        count.lost += 1
        break
      case 'error':
        count.errors += 1
        break
      case 'end':
        ended.add(who)
        break
    }
  }
  return {
    sections: count.sections,
    tenures: tenures.length,
    takeovers,
    overlapsByJournal: overlapping.size,
    overlapsByLock: count.held,
    notGrown: count.notGrown,
    repeated: repeated.size,
    recordsLost: count.lost,
    errors: count.errors,
  }
}
