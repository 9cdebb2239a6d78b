import { describe, expect, it } from 'vitest'
import type { Arguments } from '../../src/cli/parse.ts'
import { failureOf } from '../fakes/failure.ts'
import { ALL_VERBS, parsedArguments as args, parse } from '../fakes/verbs.ts'

const run = (...words: readonly string[]): Arguments => args('engine', 'run', ...words)
const refused = (program: 'engine' | 'lock', ...words: readonly string[]) => {
  const failure = failureOf(() => parse(program, words))
  expect(failure.exitCode).toBe(64)
  return failure
}

describe('a command line', () => {
  it('has a verb, a name and a command', () => {
    const parsed = run('demo', '--', 'make', '-j2')
    expect(parsed.verb).toBe('run')
    expect(parsed.positionals).toEqual(['demo'])
    expect(parsed.command).toEqual(['make', '-j2'])
  })

  it('has no command without a --', () => {
    expect(run('demo').command).toBeNull()
  })

  // yargs-parser forgets a -- with nothing behind it: `run demo -- $UNSET` goes on with the last run's command.
  it('has an empty command with nothing behind the --', () => {
    expect(run('demo', '--').command).toEqual([])
  })

  it('leaves everything behind the -- as it is', () => {
    const words = ['-n', '3', '--force', '--', '--help', '', '007', '0x10', '1e3', "'a'", 'a=b', '--no-x']
    const parsed = run('demo', '--', ...words)
    expect(parsed.command).toEqual(words)
    expect(parsed.flag('force')).toBe(false)
    expect(parsed.value('iterations')).toBeUndefined()
  })

  it.each([
    [['-n', '3', 'demo']],
    [['demo', '-n', '3']],
    [['demo', '-n3']],
    [['demo', '-n=3']],
    [['demo', '--iterations', '3']],
    [['demo', '--iterations=3']],
    [['demo', '-dn3']],
    [['demo', '-dn', '3']],
    [['demo', '-n', '9', '--iterations', '3']],
    [['demo', '-n', '9', '-n', '3']],
  ])('has the last number of iterations that was said: %j', (words) => {
    const parsed = run(...words)
    expect(parsed.value('iterations')).toBe('3')
    expect(parsed.positionals).toEqual(['demo'])
  })

  it('keeps values as texts', () => {
    expect(run('007', '-n', '007', '--delay', '1e3').value('iterations')).toBe('007')
    expect(run('007').positionals).toEqual(['007'])
    expect(run('demo', '--delay', '1e3').value('delay')).toBe('1e3')
  })

  it.each([
    [['demo', '-d'], true],
    [['-d', 'demo'], true],
    [['demo', '--detach'], true],
    [['demo'], false],
    [['demo', '--', '-d'], false],
  ])('says whether it is to detach: %j', (words, detach) => {
    expect(run(...words).flag('detach')).toBe(detach)
  })

  it.each([
    [['demo', '--wait'], ''],
    [['demo', '--wait', '--force'], ''],
    [['demo', '--wait', '-d'], ''],
    [['demo', '--wait', '--', 'make'], ''],
    [['demo', '--wait=10m'], '10m'],
    [['demo', '--wait', '10m'], '10m'],
    [['--wait=10m', 'demo'], '10m'],
    [['demo'], undefined],
  ])('says how long to wait: %j', (words, value) => {
    const parsed = run(...words)
    expect(parsed.value('wait')).toBe(value)
    expect(parsed.positionals).toEqual(['demo'])
  })

  it.each([
    ['lock', ['status'], []],
    ['lock', ['status', 'demo', '--json'], ['demo']],
    ['lock', ['why', '--json', 'demo'], ['demo']],
    ['lock', ['reap', '--dry-run'], []],
    ['lock', ['wait', 'demo', '--for', 'free', '--timeout', '8h'], ['demo']],
    ['lock', ['doctor'], []],
    ['engine', ['stop', 'demo', '--after-iteration'], ['demo']],
  ] as const)('may be %s %j', (program, words, positionals) => {
    expect(args(program, ...words).positionals).toEqual(positionals)
  })

  it('may have a name that begins with a dash: the rule of names refuses it by itself', () => {
    expect(refused('engine', 'run', '-x').message).toContain('"-x" is not known')
  })
})

describe('help', () => {
  it.each([
    ['engine', ['--help'], null],
    ['engine', ['-h'], null],
    ['lock', ['help'], null],
    ['engine', ['help', 'run'], 'run'],
    ['engine', ['run', '--help'], 'run'],
    ['engine', ['run', 'demo', '-h'], 'run'],
    ['engine', ['run', '--help', 'too', 'many', '--nonsense'], 'run'],
    ['lock', ['status', '--help'], 'status'],
  ] as const)('is asked for by %s %j', (program, words, verb) => {
    const parsed = parse(program, words)
    expect(parsed).toMatchObject({ kind: 'help', asked: true })
    expect(parsed.kind === 'help' ? parsed.verb : '').toBe(verb)
  })

  it('is given, and not as a success, when nothing is asked', () => {
    expect(parse('engine', [])).toEqual({ kind: 'help', verb: null, asked: false })
  })

  it('of the command behind the -- is not ours', () => {
    expect(run('demo', '--', 'make', '--help').command).toEqual(['make', '--help'])
  })

  it.each(['--version', '-V', 'version'])('has the version beside it: %s', (word) => {
    expect(parse('lock', [word])).toEqual({ kind: 'version' })
  })
})

describe('a wrong command line', () => {
  it.each([
    ['engine', 'rnu', 'run'],
    ['lock', 'stat', 'status'],
    ['lock', 'statsu', 'status'],
    ['lock', 'atach', 'attach'],
  ] as const)('of %s with the command %j suggests %s', (program, word, near) => {
    const { message, hint } = refused(program, word)
    if (word !== 'rnu') expect(message).toContain(`did you mean ${near}?`)
    expect(hint).toContain(near)
  })

  it.each([
    ['--iteration', '--iterations'],
    ['--forced', '--force'],
    ['--deatch', '--detach'],
    ['--heartbeat', '--heartbeat-interval'],
    ['--max-failure', '--max-failures'],
  ])('with the option %s suggests %s', (option, near) => {
    const { message, hint } = refused('engine', 'run', 'demo', option)
    expect(message).toContain(`option "${option}" is not known; did you mean ${near}?`)
    expect(hint).toContain('engine.sh run --help')
  })

  it.each(['-x', '--no-force', '--constructor', '--__proto__=1', '--toString', '-ninf', '--a.b', '--1'])(
    'is refused with the option %s',
    (option) => {
      expect(refused('engine', 'run', 'demo', option).message).toContain('is not known')
    },
  )

  it.each(['iterations', 'delay', 'timeout', 'grace', 'log-limit', 'keep', 'stale-after', 'quiet-after'])(
    'is refused when --%s has no value',
    (option) => {
      for (const words of [
        [`--${option}`],
        [`--${option}=`],
        [`--${option}`, '--force'],
        [`--${option}`, '--', 'x'],
      ])
        expect(refused('engine', 'run', 'demo', ...words).message).toContain(`--${option} needs a value`)
    },
  )

  it.each([
    ['engine', ['stop']],
    ['lock', ['why']],
    ['lock', ['logs', '--']],
  ] as const)('of %s without a name is refused: %j', (program, words) => {
    refused(program, ...words)
  })

  it('with a command where none belongs is refused', () => {
    expect(refused('lock', 'status', 'demo', '--', 'make').message).toContain('takes no command')
  })

  it('with a command that lacks its -- says where it goes', () => {
    const { message, hint } = refused('engine', 'run', 'demo', 'make', 'all')
    expect(message).toContain('"make" "all"')
    expect(hint).toContain('run NAME -- COMMAND')
  })

  it('with too many names is refused', () => {
    expect(refused('lock', 'status', 'a', 'b').message).toContain('"b" is one word too many')
  })

  it('with an empty name has that name: the rule of names refuses it', () => {
    expect(run('').positionals).toEqual([''])
  })

  it("with the other program's verb is refused", () => {
    refused('lock', 'run', 'demo')
    refused('engine', 'status')
  })

  it('is shown without its control characters', () => {
    expect(refused('engine', '\u001b[2J').message).not.toContain('\u001b')
    expect(refused('engine', 'run', 'demo', '--\u001b[2J').message).not.toContain('\u001b')
    expect(refused('engine', 'run', 'demo', '\u001b[2J').message).not.toContain('\u001b')
  })

  // yargs-parser keeps its own lists under these keys, and an option of that name overwrites them.
  it.each([[['--_', 'x']], [['--_=x']], [['-_']]])(
    'is refused with an option that is an underscore: %j',
    (words) => {
      refused('engine', 'run', 'demo', ...words)
    },
  )

  // In a bundle of short options it still overwrites the parser's own list: a TypeError.
  it('is refused with an underscore among short options', () => {
    refused('engine', 'run', 'demo', '-d_')
  })

  it.each(['--force=yes', '--force=1', '--detach=on', '--help=please'])(
    'is refused with a value for a flag: %s',
    (word) => {
      refused('engine', 'run', 'demo', word)
    },
  )
})

describe('the same command line without an option', () => {
  it.each([
    [['-d', 'demo'], ['demo']],
    [['demo', '--detach'], ['demo']],
    [
      ['demo', '-dn', '3', '--', 'x', '-d', '--detach'],
      ['demo', '--iterations=3', '--', 'x', '-d', '--detach'],
    ],
    [
      ['demo', '--wait', '-d'],
      ['demo', '--wait='],
    ],
    [
      ['demo', '-d', '--wait', '10m', '--force'],
      ['demo', '--force', '--wait=10m'],
    ],
    [
      ['demo', '-d', '--delay', '1', '--delay', '2'],
      ['demo', '--delay=2'],
    ],
  ])('has all the rest: %j', (words, rest) => {
    expect(run(...words).without('detach')).toEqual(['run', ...rest])
  })

  it('means the same when it is parsed again', () => {
    const words = [
      'demo',
      '-dn',
      'inf',
      '--wait',
      '--resume',
      '--timeout=off',
      '--',
      '--',
      '',
      '-d',
      '--wait',
    ]
    const [verb = '', ...again] = run(...words).without('detach')
    const parsed = args('engine', verb, ...again)
    expect(parsed.flag('detach')).toBe(false)
    expect(parsed.flag('resume')).toBe(true)
    expect(parsed.value('iterations')).toBe('inf')
    expect(parsed.value('wait')).toBe('')
    expect(parsed.value('timeout')).toBe('off')
    expect(parsed.command).toEqual(['--', '', '-d', '--wait'])
    expect(parsed.without()).toEqual([verb, ...again])
  })
})

describe('the table of verbs', () => {
  it.each(ALL_VERBS.map((verb) => [verb.name, verb] as const))('names every option of %s once', (_, verb) => {
    const names = [
      ...Object.entries(verb.options).flatMap(([name, { alias }]) =>
        alias === undefined ? [name] : [name, alias],
      ),
      'help',
      'h',
    ]
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(ALL_VERBS.map((verb) => [verb.name, verb] as const))('has an example of %s', (_, verb) => {
    expect(verb.examples.length).toBeGreaterThan(0)
    for (const [command, purpose] of verb.examples) {
      expect(command).toContain(`${verb.program}.sh ${verb.name}`)
      expect(purpose).not.toBe('')
    }
  })
})
