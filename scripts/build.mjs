/**
 * Compiles src/ to dist/:
 *
 *   loader.cjs      checks Node's version, then runs one of the next five
 *   main.js         the program; what a verb needs is evaluated when the verb is asked for
 *   status.js, watch.js, run.js, history.js  the same with only the verbs that are asked for most
 *   guard.js        the guard and the watchdog of a run, with nothing that they do not use
 *   hook.js         what agents call at every tool: lock.sh hook
 *   compiled/       V8's compiled code of what the loader runs, see src/loader.cjs
 *   sources         the directories that it was made from
 *   vendor/*.js     heavy packages: what the code imports dynamically, loaded only when it is needed
 *
 * Each is one file, because every file costs half a millisecond at start; and CommonJS, because Node's loader for
 * ES modules costs 10 ms.
 *
 * It is made beside dist/ and then changed for it, so that nobody ever meets half of it.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundle, bundleVerbs, common, FREQUENT, VENDORED } from './bundle.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const out = join(root, `.build-${process.pid}`)
removeLeftovers()
process.on('uncaughtException', (error) => {
  // esbuild has said what is wrong, and where.
  if (error.errors === undefined) console.error(error)
  process.exit(1)
})
process.on('exit', () => rmSync(out, { recursive: true, force: true }))
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
  process.on(signal, () => process.exit(128 + constants.signals[signal]))

const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const [major, minor] = engines.node.replace('>=', '').split('.').map(Number)

await bundle(
  {
    main: 'src/main.ts',
    guard: 'src/guard/main.ts',
    hook: 'src/agents/hook-main.ts',
  },
  out,
)
await Promise.all(
  Object.entries(FREQUENT).map(([name, verbs]) => bundleVerbs(name, Object.values(verbs).flat(), out)),
)

await Promise.all(
  Object.entries(VENDORED).map(([name, contents]) =>
    build({
      ...common,
      stdin: { contents, resolveDir: root },
      outfile: join(out, 'vendor', `${name}.js`),
      define: { 'import.meta.url': '__moduleUrl' },
      banner: { js: 'const __moduleUrl=require("node:url").pathToFileURL(__filename).href;' },
    }),
  ),
)

// The loader reads them byte by byte, and esbuild leaves what is not ASCII in regular expressions as it is.
const escaped = (text) =>
  text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
const hashes = {}
for (const name of ['main', ...Object.keys(FREQUENT)]) {
  const file = join(out, `${name}.js`)
  // As a function of what Node gives a module, so that the loader need not copy the text to make it one.
  const text = `(function (require, __filename, __dirname) {${escaped(readFileSync(file, 'utf8'))}\n})\n`
  writeFileSync(file, text)
  hashes[name] = createHash('sha256').update(text).digest('hex').slice(0, 16)
}

writeFileSync(join(out, 'package.json'), '{ "type": "commonjs" }\n')

/** What common.bash compares with the build. */
const directories = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
writeFileSync(
  join(out, 'sources'),
  ['package-lock.json', 'scripts', 'src', ...directories].map((path) => `${path}\n`).join(''),
)
const bundleOfVerb = Object.entries(FREQUENT).flatMap(([name, programs]) =>
  Object.entries(programs).flatMap(([program, verbs]) => verbs.map((verb) => [`${program}.${verb}`, name])),
)
const loader = readFileSync(join(root, 'src', 'loader.cjs'), 'utf8')
  .replace('__MAJOR__', major)
  .replace('__MINOR__', minor)
  .replace('__BUNDLES__', JSON.stringify(Object.fromEntries(bundleOfVerb)))
  .replace('__HASHES__', JSON.stringify(hashes))
writeFileSync(join(out, 'loader.cjs'), loader)

/** As often as compiled code is added to: what the two verbs that are asked most need is there from the start. */
const USES = [[], ['--format', 'tmux'], []]
const lockDir = mkdtempSync(join(tmpdir(), 'tmux-session-lock-build-'))
const { NODE_OPTIONS: _options, ...environment } = process.env
try {
  const start = (...words) => [process.execPath, join(out, 'loader.cjs'), ...words]
  for (const options of USES) {
    const status = start('lock', 'status', 'build', ...options)
    const [node, ...words] = start('engine', 'run', 'build', '--', ...status)
    spawnSync(node, words, { env: { ...environment, LOCK_DIR: lockDir }, stdio: 'ignore' })
  }
} finally {
  rmSync(lockDir, { recursive: true })
}

// Not atomic, as two directories cannot change places; engine.sh and lock.sh build under a lock.
rmSync(dist, { recursive: true, force: true })
renameSync(out, dist)

/** Of builds that were killed. */
function removeLeftovers() {
  for (const name of readdirSync(root)) {
    const pid = /^\.build-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(root, name), { recursive: true, force: true })
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
