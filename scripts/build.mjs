/**
 * Compiles src/ to dist/:
 *
 *   main.cjs        src/loader.cjs: checks Node's version, then loads quick.js or cli.js
 *   quick.js        the verbs that are asked all the time, and nothing else
 *   cli.js          all verbs
 *   refresher.js    the refresher, with nothing that it does not use
 *   recorder.js     the recorder, likewise
 *   *.cache         V8's compiled code of the two, see src/loader.cjs
 *   vendor/*.js     heavy packages: what the code imports dynamically, loaded only when it is needed
 *
 * Each is one file, because every file costs half a millisecond at start; and CommonJS, because Node's loader for
 * ES modules costs 10 ms.
 *
 * It is made beside dist/ and then changed for it, so that nobody ever meets half of it.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const out = join(root, `.build-${process.pid}`)
const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const [major, minor] = engines.node.replace('>=', '').split('.').map(Number)

/** Heavy packages, and what the code uses of each: `await import('execa')` loads vendor/execa.js. */
const VENDORED = {
  execa: 'export { execa } from "execa"',
  yargs: 'module.exports = require("yargs").default',
}

const vendorDynamicImports = {
  name: 'vendor-dynamic-imports',
  setup(build) {
    build.onResolve({ filter: /^(execa|yargs)$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./vendor/${path}.js`, external: true } : undefined,
    )
  },
}

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  minify: true,
  logLevel: 'warning',
  legalComments: 'none',
}

await build({
  ...common,
  entryPoints: {
    cli: 'src/main.ts',
    quick: 'src/quick.ts',
    refresher: 'src/refresher/main.ts',
    recorder: 'src/recorder/main.ts',
  },
  outdir: out,
  // import() would go through the slower loader.
  supported: { 'dynamic-import': false },
  plugins: [vendorDynamicImports],
  // yargs-parser makes a require() of it, and takes a path as well as a URL.
  define: { VERSION: JSON.stringify(version), 'import.meta.url': '__filename' },
})

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

writeFileSync(join(out, 'package.json'), '{ "type": "commonjs" }\n')
/** V8 itself compares no more than the lengths of the sources; the name of a cache compares their contents. */
const cacheNameOf = (name) => {
  const hash = createHash('sha256').update(readFileSync(join(out, `${name}.js`)))
  return `${name}.${hash.digest('hex').slice(0, 16)}.cache`
}
const loader = readFileSync(join(root, 'src', 'loader.cjs'), 'utf8')
  .replace('__MAJOR__', major)
  .replace('__MINOR__', minor)
  .replace('__CACHES__', JSON.stringify({ cli: cacheNameOf('cli'), quick: cacheNameOf('quick') }))
writeFileSync(join(out, 'main.cjs'), loader)

/** Runs a verb once, in a lock directory of its own, so that V8 has compiled what such a call needs, and keeps that. */
const KEEP_COMPILED = `
const [name, ...words] = process.argv.slice(1)
const { CACHES, scriptOf, run } = require('./main.cjs')
const script = scriptOf(name)
process.argv = [process.execPath, 'main.cjs', ...words]
process.exit = () => {}
run(script, name)
process.on('exit', () => require('fs').writeFileSync(CACHES[name], script.createCachedData()))
`
const lockDir = mkdtempSync(join(tmpdir(), 'tmux-session-lock-build-'))
try {
  for (const [name, ...words] of [
    ['cli', 'engine', 'run', 'build', '--', 'true'],
    ['quick', 'lock', 'status'],
  ]) {
    spawnSync(process.execPath, ['-e', KEEP_COMPILED, name, ...words], {
      cwd: out,
      env: { ...process.env, LOCK_DIR: lockDir },
      stdio: 'ignore',
    })
  }
} finally {
  rmSync(lockDir, { recursive: true })
}

// Not atomic, as two directories cannot change places; engine.sh and lock.sh build under a lock.
rmSync(dist, { recursive: true, force: true })
renameSync(out, dist)
