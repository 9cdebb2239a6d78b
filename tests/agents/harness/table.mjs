/** Results as text. */
const COLUMNS = [
  ['AGENT', 12],
  ['STATE', 17],
  ['WANTED', 25],
  ['SEEN', 12],
  ['CAUSE', 15],
  ['SECONDS', 8],
  ['FLAPS', 6],
]

const line = (cells) =>
  cells
    .map((cell, index) => String(cell).padEnd(COLUMNS[index]?.[1] ?? 0))
    .join(' ')
    .trimEnd()

export const heading = () => line(COLUMNS.map(([name]) => name))

export const row = ({ agent, state, wanted, seen, cause, seconds, flaps, isRight }) =>
  line([
    agent,
    state,
    wanted.join('|'),
    seen,
    cause ?? '',
    seconds === null ? '' : seconds.toFixed(1),
    flaps === 0 ? '' : flaps,
    isRight ? '' : 'WRONG',
  ])

const block = (title, text) =>
  text?.trim()
    ? [
        `  ${title}:`,
        ...text
          .trimEnd()
          .split('\n')
          .map((each) => `    ${each}`),
      ]
    : []

/** Why one is wrong: what the engine said, and the last screen. */
export const explanation = ({ agent, state, why, screen }) =>
  [
    `! ${agent}/${state}`,
    ...block('lock.sh why', why),
    ...block('screen', screen?.replace(/\n{2,}/g, '\n')),
  ].join('\n')

export const summary = (results) => {
  const count = (test) => results.filter(test).length
  const isAlarm = ({ seen, cause, wanted }) =>
    seen === 'hung' && wanted.includes('active') && !wanted.includes(cause)
  const isCause = ({ seen, cause, wanted }) =>
    seen === 'hung' && !wanted.includes('active') && !wanted.includes(cause)
  const isMissed = ({ seen, wanted }) => seen === 'active' && !wanted.includes('active')
  return [
    `${count(({ isRight }) => isRight)} of ${results.length} right`,
    `false alarms ${count(isAlarm)}`,
    `missed ${count(isMissed)}`,
    `wrong cause ${count(isCause)}`,
    `flapping ${count(({ flaps }) => flaps > 0)}`,
    `not reached ${count(({ seen }) => seen === 'not reached')}`,
  ].join(', ')
}
