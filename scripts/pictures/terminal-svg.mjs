/** A terminal's screen, with its colours, as an SVG picture. */
import xterm from '@xterm/headless'

const CELL = { width: 8.4, height: 18 }
const FONT_SIZE = 14
const MARGIN = 14
const TITLE_HEIGHT = 34
const FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
/** The picture has its own background, so that it can be read on a light page and on a dark one. */
const BACKGROUND = '#16181d'
const FOREGROUND = '#d7dae0'
const FRAME = '#3a3f4b'
/** The first 16 of a terminal. */
const PALETTE = [
  '#3a3f4b',
  '#ff6b6b',
  '#7bd88f',
  '#f2c94c',
  '#6cb6ff',
  '#d2a8ff',
  '#56d4dd',
  '#d7dae0',
  '#8b929f',
  '#ff8a8a',
  '#9be9a8',
  '#ffe08a',
  '#9ecbff',
  '#e2c5ff',
  '#8ee9ef',
  '#ffffff',
]

const STYLE_KEYS = ['color', 'background', 'isBold', 'isDim', 'isUnderlined']

const colorOf = (isPalette, isRgb, value, fallback) => {
  if (isPalette) return PALETTE[value] ?? fallback
  return isRgb ? `#${value.toString(16).padStart(6, '0')}` : fallback
}

const styleOf = (cell) => {
  const color = colorOf(cell.isFgPalette(), cell.isFgRGB(), cell.getFgColor(), FOREGROUND)
  const background = colorOf(cell.isBgPalette(), cell.isBgRGB(), cell.getBgColor(), BACKGROUND)
  const isInverse = Boolean(cell.isInverse())
  return {
    color: isInverse ? background : color,
    background: isInverse ? color : background,
    isBold: Boolean(cell.isBold()),
    isDim: Boolean(cell.isDim()),
    isUnderlined: Boolean(cell.isUnderline()),
  }
}

const isSameStyle = (one, other) => STYLE_KEYS.every((key) => one[key] === other[key])

/** Neighbouring cells of one style. `at` and `width` in cells. */
const runsOf = (line, columns) => {
  const runs = []
  for (let at = 0; at < columns; at += 1) {
    const cell = line.getCell(at)
    if (cell === undefined || cell.getWidth() === 0) continue
    const style = styleOf(cell)
    const text = cell.getChars() || ' '
    const last = runs.at(-1)
    if (last !== undefined && isSameStyle(last.style, style)) {
      last.text += text
      last.width += cell.getWidth()
    } else runs.push({ at, text, width: cell.getWidth(), style })
  }
  return runs
}

/**
 * @param {string} ansi as `tmux capture-pane -e` prints it
 * @param {{columns: number, rows: number}} size
 * @returns {Promise<{at: number, text: string, width: number, style: object}[][]>} for each row
 */
export const readScreen = async (ansi, { columns, rows }) => {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
  const text = ansi.replace(/\n$/, '').replaceAll('\n', '\r\n')
  await new Promise((resolve) => terminal.write(text, resolve))
  const { active } = terminal.buffer
  return Array.from({ length: rows }, (_, row) => {
    const line = active.getLine(active.viewportY + row)
    return line === undefined ? [] : runsOf(line, columns)
  })
}

const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const number = (value) => String(Math.round(value * 100) / 100)

const backgroundOf = ({ at, width, style }, row) =>
  style.background === BACKGROUND
    ? []
    : [
        `<rect x="${number(at * CELL.width)}" y="${row * CELL.height}" width="${number(width * CELL.width)}" height="${CELL.height}" fill="${style.background}"/>`,
      ]

/** Its width is given, so that columns stand below each other whatever font there is. */
const textOf = ({ at, text, width, style }, row) => {
  const trimmed = text.trimEnd()
  if (trimmed === '') return []
  const cells = width - (text.length - trimmed.length)
  const attributes = [
    `x="${number(at * CELL.width)}"`,
    `y="${number((row + 0.75) * CELL.height)}"`,
    `textLength="${number(cells * CELL.width)}"`,
    `fill="${style.color}"`,
    ...(style.isBold ? ['font-weight="bold"'] : []),
    ...(style.isDim ? ['opacity="0.65"'] : []),
    ...(style.isUnderlined ? ['text-decoration="underline"'] : []),
  ]
  return [`<text ${attributes.join(' ')}>${escaped(trimmed)}</text>`]
}

/**
 * @param {Awaited<ReturnType<typeof readScreen>>} screen
 * @param {{columns: number, title: string, description: string}} picture the title stands above the screen
 * @returns {string} SVG
 */
export const drawScreen = (screen, { columns, title, description }) => {
  const width = columns * CELL.width + 2 * MARGIN
  const height = screen.length * CELL.height + TITLE_HEIGHT + 2 * MARGIN
  const rows = screen.flatMap((runs, row) => [
    ...runs.flatMap((run) => backgroundOf(run, row)),
    ...runs.flatMap((run) => textOf(run, row)),
  ])
  const lights = ['#ff6b6b', '#f2c94c', '#7bd88f'].map(
    (color, index) => `<circle cx="${MARGIN + 8 + index * 20}" cy="17" r="6" fill="${color}"/>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${number(width)} ${number(height)}" width="${number(width)}" height="${number(height)}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    `<rect x="0.5" y="0.5" width="${number(width - 1)}" height="${number(height - 1)}" rx="9" fill="${BACKGROUND}" stroke="${FRAME}"/>`,
    ...lights,
    `<text x="${number(width / 2)}" y="22" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#8b929f">${escaped(title)}</text>`,
    `<g transform="translate(${MARGIN} ${TITLE_HEIGHT + MARGIN / 2})" font-family='${FONT}' font-size="${FONT_SIZE}" xml:space="preserve">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}
