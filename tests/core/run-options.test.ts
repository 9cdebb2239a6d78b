import { describe, expect, it } from 'vitest'
import { encodeRecord, parseRecord } from '../../src/core/record-file.ts'
import {
  areRunOptions,
  completeRunOptions,
  DEFAULT_OPTIONS,
  defaultText,
  parseRunOptions,
  RUN_OPTIONS,
  type RunOptionKey,
  runOptionName,
} from '../../src/core/run-options.ts'
import { aRecord } from '../fakes/records.ts'

const KEYS = Object.keys(RUN_OPTIONS) as readonly RunOptionKey[]

describe('the table of options', () => {
  it.each(KEYS)('has a default of %s that is valid, and that is read from its own text', (key) => {
    expect(RUN_OPTIONS[key].isValid(DEFAULT_OPTIONS[key])).toBe(true)
    // A flag has none on the command line; a file has its value.
    const text = RUN_OPTIONS[key].label === null ? String(DEFAULT_OPTIONS[key]) : defaultText(key)
    const read = parseRunOptions((name) => (name === runOptionName(key) ? [text] : undefined))
    expect(read).toEqual({ [key]: DEFAULT_OPTIONS[key] })
  })

  it.each(KEYS)('has a %s that refuses what is no value of it', (key) => {
    for (const wrong of [-1, Number.NaN, 'x\0', {}, [5]]) {
      expect(areRunOptions({ ...DEFAULT_OPTIONS, [key]: wrong })).toBe(false)
    }
  })

  it('has names as on the command line', () => {
    expect(KEYS.map(runOptionName)).toContain('heartbeat-interval')
    for (const key of KEYS) expect(key).toMatch(/^[a-z]+(_[a-z]+)*$/)
  })
})

describe('options that were given', () => {
  it('are the only ones', () => {
    expect(parseRunOptions(() => undefined)).toEqual({})
    expect(parseRunOptions((name) => (name === 'grace' ? ['0'] : undefined))).toEqual({ grace: 0 })
  })

  it('count as they were given last', () => {
    expect(parseRunOptions((name) => (name === 'keep' ? ['3', '5'] : undefined))).toEqual({ keep: 5 })
  })
})

describe('the options of a record', () => {
  it.each(KEYS)('have the default for %s when it was added since', (key) => {
    const { [key]: _, ...before } = aRecord().options
    const text = encodeRecord({ ...aRecord(), options: before as typeof DEFAULT_OPTIONS })
    expect(parseRecord(text, 'demo')).toMatchObject({
      kind: 'record',
      record: { options: { ...before, [key]: DEFAULT_OPTIONS[key] } },
    })
  })

  it('keep what nobody knows', () => {
    const options = { ...DEFAULT_OPTIONS, later: 1 }
    expect(areRunOptions(options)).toBe(true)
    expect(completeRunOptions(options)).toEqual(options)
  })
})
