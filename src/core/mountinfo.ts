/** /proc/self/mountinfo, see proc(5). Pure. */
export type Mount = {
  /** What of the file system is mounted. */
  readonly root: string
  readonly point: string
  readonly type: string
}

/** As white space and backslashes are written in it. */
const unescaped = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** In order: of equal mount points the last is on top. Lines that are none are left out. */
export const parseMountinfo = (text: string): readonly Mount[] =>
  text.split('\n').flatMap((line) => {
    const [left = '', right] = line.split(' - ')
    const [, , , root, point] = left.split(' ')
    const type = right?.split(' ')[0]
    return root === undefined || point === undefined || type === undefined
      ? []
      : [{ root: unescaped(root), point: unescaped(point), type }]
  })
