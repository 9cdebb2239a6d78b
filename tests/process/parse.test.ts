import { describe, expect, it } from 'vitest'
import { parseStat } from '../../src/process/procfs.ts'
import { parseList } from '../../src/process/ps.ts'

/** A line of /proc/PID/stat as Linux 6 writes it, with 52 fields. */
const stat = ({ name = 'bash', state = 'S', threads = 1 } = {}): string =>
  `4242 (${name}) ${state} 4000 4242 4000 34816 4242 4194304 1234 5678 0 0 150 50 30 20 20 0 ${threads} 0 987654 ` +
  '12345678 900 18446744073709551615 1 1 0 0 0 0 0 65536 1 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n'

describe('a line of /proc/PID/stat', () => {
  it('is read', () => {
    expect(parseStat(stat())).toMatchObject({
      facts: { pid: 4242, parent: 4000, group: 4242, started: 987654, state: 'running', name: 'bash' },
      cpuSeconds: 2,
    })
  })

  it.each(['tmux: server', 'a b', '(sd-pam)', 'a) S 1 1 1', ')', '', 'x\ny', 'é'])(
    'is read with a name that looks like the rest of it: %j',
    (name) => {
      expect(parseStat(stat({ name }))).toMatchObject({
        facts: { pid: 4242, parent: 4000, group: 4242, started: 987654, name },
        cpuSeconds: 2,
      })
    },
  )

  it.each([
    ['R', 1, 'running'],
    ['S', 1, 'running'],
    ['D', 1, 'running'],
    ['I', 1, 'running'],
    ['T', 1, 'stopped'],
    ['t', 1, 'stopped'],
    ['Z', 1, 'exited'],
    ['Z', 0, 'exited'],
    ['Z', 3, 'running'],
    ['X', 1, 'exited'],
    ['x', 5, 'exited'],
  ])('in state %s with %d threads is %s', (state, threads, expected) => {
    expect(parseStat(stat({ state, threads }))?.facts.state).toBe(expected)
  })

  it.each(['', 'garbage', '4242 (bash', '4242 bash) S', '4242 (bash) S 1 2 3', 'x (bash) S'])(
    'is nothing when it is not one: %j',
    (text) => {
      expect(parseStat(text)).toBeNull()
    },
  )
})

describe('the list of ps', () => {
  it('is read as procps prints it', () => {
    const text = [
      '      1       0       1 Ss   00:00:12 Sun Nov 22 17:00:20 2026 systemd',
      '   4242    4000    4242 S+   01:02:03 Mon Feb  2 03:04:05 2026 tmux: server',
      '  99999    4242    4242 Zl   1-00:00:01 Mon Feb  2 03:04:06 2026 node <defunct>',
      '',
    ].join('\n')
    expect(parseList(text)).toEqual([
      {
        facts: {
          pid: 1,
          parent: 0,
          group: 1,
          started: Date.UTC(2026, 10, 22, 17, 0, 20) / 1000,
          state: 'running',
          name: 'systemd',
        },
        cpuSeconds: 12,
      },
      {
        facts: {
          pid: 4242,
          parent: 4000,
          group: 4242,
          started: Date.UTC(2026, 1, 2, 3, 4, 5) / 1000,
          state: 'running',
          name: 'tmux: server',
        },
        cpuSeconds: 3723,
      },
      {
        facts: {
          pid: 99999,
          parent: 4242,
          group: 4242,
          started: Date.UTC(2026, 1, 2, 3, 4, 6) / 1000,
          state: 'running',
          name: 'node <defunct>',
        },
        cpuSeconds: 86_401,
      },
    ])
  })

  it('is read as macOS prints it', () => {
    const text = [
      '    1     0     1 Ss     2:31.86 Tue Jan  6 09:12:33 2026     /sbin/launchd',
      '  512     1   512 S      0:00.05 Tue Jan  6 09:13:01 2026     /Applications/My App.app/Contents/MacOS/My App',
      '  700   699   700 T+     0:00.01 Tue Jan  6 10:00:00 2026     /opt/homebrew/bin/tmux',
      '  701   699   700 Z+     0:00.00 Tue Jan  6 10:00:00 2026     (sleep)',
      '  702     1   702 S    123:45.67 Tue Jan  6 10:00:00 2026     -zsh',
    ].join('\n')
    expect(parseList(text).map(({ facts }) => [facts.pid, facts.parent, facts.state, facts.name])).toEqual([
      [1, 0, 'running', 'launchd'],
      [512, 1, 'running', 'My App'],
      [700, 699, 'stopped', 'tmux'],
      [701, 699, 'exited', '(sleep)'],
      [702, 1, 'running', '-zsh'],
    ])
    expect(parseList(text).map(({ cpuSeconds }) => Math.round(cpuSeconds * 100) / 100)).toEqual([
      151.86, 0.05, 0.01, 0, 7425.67,
    ])
    expect(parseList(text)[0]?.facts.started).toBe(Date.UTC(2026, 0, 6, 9, 12, 33) / 1000)
  })

  it.each([
    ['Ss', 'running'],
    ['R+', 'running'],
    ['D', 'running'],
    ['I<', 'running'],
    ['T', 'stopped'],
    ['Tl', 'stopped'],
    ['t+', 'stopped'],
    ['Z', 'exited'],
    ['ZN+', 'exited'],
    ['Zl', 'running'],
  ])('in state %s has a process that is %s', (letters, state) => {
    const [row] = parseList(`5 1 5 ${letters} 00:00:00 Mon Feb  2 03:04:05 2026 x`)
    expect(row?.facts.state).toBe(state)
  })

  it('passes over lines that are none of its own', () => {
    expect(parseList('\nerror: x\n  PID PPID\n')).toEqual([])
  })
})
