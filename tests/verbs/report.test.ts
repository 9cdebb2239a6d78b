import { describe, expect, it } from 'vitest'
import { type Style, widthOf } from '../../src/cli/terminal.ts'
import { type SessionFacts, summarizePeriod } from '../../src/core/period.ts'
import { codeSpan, reportMarkdown } from '../../src/verbs/shared/report-markdown.ts'
import { reportText } from '../../src/verbs/shared/report-text.ts'
import { anEvent, anIteration } from '../fakes/history.ts'
import { aRecord, NOW } from '../fakes/records.ts'

const PERIOD = { from: NOW.epoch - 43_200, to: NOW.epoch }
const EVIL = 'stop`; @all | rm\u001b[2J\n# x'

const facts = (changes: Partial<SessionFacts> = {}): SessionFacts => ({
  session: 'demo',
  stored: { kind: 'record', record: aRecord() },
  verdict: { state: 'active', reason: 'iteration 2', cause: null, heartbeatAge: 1, ownerAlive: true },
  attention: null,
  entries: [
    anEvent(),
    anIteration({ changed: { commits: 3, files: 14, head_moved: true, notes: 0, output: 0 } }),
    anIteration({ result: 'failed', exit_code: 1, incident: `/locks/demo/incidents/${EVIL}` }),
  ],
  ...changes,
})

const sessions = [
  facts({
    session: 'a-session-with-a-very-long-name-of-sixty-four-characters-or-so-here',
    verdict: {
      state: 'hung',
      reason: `needs you: question: ${EVIL}`,
      cause: 'silent',
      heartbeatAge: 900,
      ownerAlive: true,
    },
    attention: { kind: 'question', text: EVIL, since_epoch: NOW.epoch - 900 },
    entries: [anEvent({ event: 'hung', epoch: NOW.epoch - 300, detail: 'silent' }), anIteration()],
  }),
  facts(),
].flatMap((one) => summarizePeriod(one, PERIOD) ?? [])

const PLAIN = (_: Style, text: string): string => text
const textAt = (columns: number, paint = PLAIN): string => reportText(sessions, PERIOD, { columns, paint })

describe('the report in a terminal', () => {
  it.each([60, 90, 120, 200])('fits into %d columns, and nothing in it moves the cursor', (columns) => {
    const text = textAt(columns)
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(columns)
    expect(text).not.toContain('\u001b')
  })

  it.each([60, 90, 200, Number.POSITIVE_INFINITY])('says everything that counts at %d columns', (columns) => {
    const text = textAt(columns)
    for (const words of [
      '1 of 2 sessions needs you',
      'needs you: question: stop',
      '→ lock.sh',
      '1 ok of 2',
      '3 commits, 14 files',
      '1 failed',
      'hung: silent',
      '1 incident',
      '3 iterations; 2 ok; 1 failed',
    ])
      expect(text).toContain(words)
    expect(text.match(/active/gi)?.length).toBeGreaterThan(1)
  })

  it('has the one that needs somebody first, and a line of its own for what it needs only where it needs it', () => {
    const lines = textAt(200).split('\n')
    expect(lines[2]).toMatch(/^SESSION +STATE +ITERATIONS +CHANGED +ACTIVE +WAITING +HUNG +NOTES$/)
    expect(lines[3]).toMatch(/^a-session-with.* needs you /)
    expect(lines.filter((line) => line.includes('→'))).toHaveLength(1)
  })

  it('tells states by words and paints them', () => {
    const marked = textAt(200, (style, text) => `<${style}>${text}</>`)
    expect(marked).toContain('<red>needs you</>')
    expect(marked).toContain('<green>active</>')
  })
})

describe('the report in Markdown', () => {
  const text = reportMarkdown(sessions, PERIOD)

  it('has a table whose rows have as many cells as its head', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('|'))
    expect(rows).toHaveLength(4)
    for (const row of rows) expect(row.split('|')).toHaveLength(9)
  })

  it('shows what a job has written in code spans only, on one line', () => {
    expect(text).toContain('``needs you: question: stop`; @all | rm\\x1b[2J\\x0a# x``')
    expect(text).not.toContain('\n#  x')
    expect(text.replaceAll(/``.*?``(?!`)/g, '')).not.toContain('@all')
  })

  it.each([
    ['plain', '`plain`'],
    ['a`b', '``a`b``'],
    ['`a', '`` `a ``'],
    ['a``b', '```a``b```'],
  ])('writes %j as %j', (given, span) => {
    expect(codeSpan(given)).toBe(span)
  })
})
