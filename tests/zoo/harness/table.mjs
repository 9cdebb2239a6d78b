/** Words and columns of what the zoo prints; nothing is wider than 98 columns. */

const EXPECTED_WIDTH = 16
const COLUMNS = [
  ['SCENARIO', 32],
  ['EXPECTED', EXPECTED_WIDTH],
  ['VERDICT', 7],
  ['CAUSE', 14],
  ['SECONDS', 9],
  ['PID', 5],
  ['BEAT', 5],
  ['QUIET', 5],
]

const row = (cells) =>
  cells
    .map((cell, index) => cell.padEnd(COLUMNS[index][1]))
    .join(' ')
    .trimEnd()

export const heading = () => row(COLUMNS.map(([name]) => name))

const RULE_WORDS = { right: 'ok', missed: 'miss', 'false-alarm': 'false' }
const ruleWord = (verdict) => (verdict === null ? '-' : RULE_WORDS[verdict])

const EXPECTED = {
  working: () => 'active',
  hung: ({ causes }) => {
    const all = causes.join('|')
    return all.length <= EXPECTED_WIDTH ? all : `${causes[0]}|…`
  },
  recovery: () => 'hung, active',
  undecidable: ({ truth }) => `(${truth})`,
}

const seconds = ({ seconds: taken, bound }) => {
  if (taken === null) return ''
  return bound === null ? taken.toFixed(1) : `${taken.toFixed(1)}/${bound.toFixed(1)}`
}

export const isWrong = ({ scenario, outcome }) => scenario.kind !== 'undecidable' && outcome !== 'right'

/** An exclamation mark for what is wrong. `SECONDS` from the hang to the verdict, and what they are limited to. */
export const resultRow = (result) => {
  const { scenario, state, cause, rules } = result
  return row([
    `${isWrong(result) ? '!' : ' '} ${scenario.name}`,
    EXPECTED[scenario.kind](scenario),
    state ?? '-',
    cause ?? '',
    seconds(result),
    ruleWord(rules.pid),
    ruleWord(rules.beat),
    ruleWord(rules.silence),
  ])
}

/** Why something is wrong, and what could be seen of it then. */
export const explanation = (result) => {
  const { scenario, outcome, detail, why, lastWords } = result
  const block = (title, text) =>
    text
      ? [
          `  ${title}:`,
          ...text
            .trimEnd()
            .split('\n')
            .map((line) => `    ${line}`),
        ]
      : []
  return [
    `! ${scenario.name}: ${outcome.replace('-', ' ')}: ${detail}`,
    ...block('lock.sh why', why),
    ...block('last words', lastWords),
  ].join('\n')
}

const count = (results, predicate) => results.filter(predicate).length

/** @param {object[]} results of one round or of several */
export const summary = (results, left) => {
  const counted = results.filter(({ scenario }) => scenario.kind !== 'undecidable')
  const hangs = counted.filter(({ scenario }) => scenario.kind !== 'working')
  const is =
    (...outcomes) =>
    (result) =>
      outcomes.includes(result.outcome)
  const found = count(hangs, is('right', 'wrong-cause', 'not-recovered'))
  const others = ['pid', 'beat', 'silence'].map((rule) => {
    const has = (verdict) => count(counted, ({ rules }) => rules[rule] === verdict)
    const seen = count(counted, ({ rules }) => rules[rule] !== null)
    return [rule, seen, has('missed'), has('false-alarm')]
  })
  const NAMES = {
    pid: 'a PID check alone',
    beat: 'an unconditional heartbeat',
    silence: 'silence of the output',
  }
  return [
    `hangs found ${found}/${hangs.length}, wrong cause ${count(hangs, is('wrong-cause'))}, ` +
      `false alarms ${count(counted, is('false-alarm', 'too-early'))}, ` +
      `not recovered ${count(hangs, is('not-recovered'))}, broken ${count(counted, is('broken'))}, left running ${left}`,
    ...others.map(([rule, seen, missed, alarms]) =>
      seen === 0
        ? `${NAMES[rule]}: nothing to go by`
        : `${NAMES[rule]}: ${missed} of ${hangs.length} hangs missed, ${alarms} false alarms`,
    ),
  ].join('\n')
}

/** Of several rounds one row a scenario: the first wrong one, or else the slowest. */
export const merged = (results) => {
  const byName = new Map()
  for (const result of results) {
    const known = byName.get(result.scenario.name)
    const isWorse =
      known === undefined ||
      (!isWrong(known) && (isWrong(result) || (result.seconds ?? 0) > (known.seconds ?? 0)))
    if (isWorse) byName.set(result.scenario.name, result)
  }
  return [...byName.values()]
}
