/** How the program's files are bundled; tests/start-up.test.ts bundles them the same way. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Heavy packages, and what the code uses of each: `await import('execa')` loads vendor/execa.js. */
export const VENDORED = {
  execa: 'export { execa } from "execa"',
  'ansi-escapes':
    'export { clearViewport, cursorHide, cursorShow, cursorTo, enterAlternativeScreen, eraseEndLine, exitAlternativeScreen } from "ansi-escapes"',
  'slice-ansi': 'module.exports = require("slice-ansi").default',
  '@xterm/headless': 'export { Terminal } from "@xterm/headless"',
  'jsonc-parser':
    'export { createScanner, findNodeAtLocation, parse, parseTree, printParseErrorCode } from "jsonc-parser/lib/esm/main.js"',
  'smol-toml': 'export { parse, TomlError } from "smol-toml"',
  yargs: 'module.exports = require("yargs").default',
  yaml: 'export { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml"',
  'zod/mini':
    'export { array, boolean, globalRegistry, gte, int, literal, minLength, nullable, number, optional, record, refine, regex, strictObject, string, toJSONSchema, union } from "zod/mini"',
}

const vendorDynamicImports = {
  name: 'vendor-dynamic-imports',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${Object.keys(VENDORED).join('|')})$`) }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./vendor/${path}.js`, external: true } : undefined,
    )
  },
}

/**
 * What write-file-atomic loads and this program can do without. Only the synchronous form is used, in one thread.
 *
 * - signal-exit removes the temporary file when the process ends during the write. Nothing else gets a turn before it is done;
 *   but some 25 signal handlers would be set and reset for every write, which took longer than the write.
 * - node:crypto makes a number of file name, PID and count, for the temporary file's name: 3 to 6 ms of every start for what
 *   any hash does. This one is FNV-1a.
 * - worker_threads says which thread it is.
 */
const LEFT_OUT = {
  'signal-exit': 'exports.onExit = () => () => {}',
  'node:crypto': `exports.createHash = () => {
    let hash = 0x811c9dc5
    return {
      update(text) {
        for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
        return this
      },
      digest: () => ({ readUInt32BE: () => hash >>> 0 }),
    }
  }`,
  worker_threads: 'exports.threadId = 0',
}

const lightFileWriter = {
  name: 'light-file-writer',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${Object.keys(LEFT_OUT).join('|')})$`) }, ({ importer, path }) =>
      /[\\/]write-file-atomic[\\/]/.test(importer) ? { path, namespace: 'left-out' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path] }))
  },
}

/**
 * What is asked for most has a bundle of its own, with nothing but these verbs: less to read, and less to compile. The name
 * of the bundle, and its verbs; `main` has all.
 */
export const FREQUENT = {
  status: { lock: ['status'] },
  watch: { lock: ['watch'] },
  run: { engine: ['run'] },
  history: { lock: ['history', 'logs'] },
}

/** @param verbs what stays of src/verbs/ */
const onlyVerbs = (verbs) => ({
  name: 'only-verbs',
  setup(build) {
    build.onResolve({ filter: /^\.\/[a-z_-]+\.ts$/ }, ({ path, importer }) =>
      importer === join(root, 'src', 'verbs', 'index.ts') && !verbs.includes(path.slice(2, -3))
        ? { path, namespace: 'other-verb' }
        : undefined,
    )
    // Of `status --watch`, which the loader runs from main.js.
    build.onResolve({ filter: /^\.\/shared\/start-watch\.ts$/ }, ({ path }) =>
      verbs.includes('watch') ? undefined : { path, namespace: 'other-verb' },
    )
    build.onLoad({ filter: /./, namespace: 'other-verb' }, ({ path }) => ({
      contents: `throw new Error("not in this bundle: ${path}")`,
    }))
  },
})

export const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  minify: true,
  logLevel: 'warning',
  legalComments: 'none',
}

const bundleWith = (entryPoints, outdir, plugins) =>
  build({
    ...common,
    entryPoints,
    outdir,
    // import() would go through the slower loader.
    supported: { 'dynamic-import': false },
    plugins: [vendorDynamicImports, lightFileWriter, ...plugins],
    // yargs-parser makes a require() of it, and takes a path as well as a URL.
    define: { VERSION: JSON.stringify(version), 'import.meta.url': '__filename' },
  })

/** Each entry point becomes one file: a name, and the source that it is made from. */
export const bundle = (entryPoints, outdir) => bundleWith(entryPoints, outdir, [])

/** The program, with only some of its verbs. */
export const bundleVerbs = (name, verbs, outdir) =>
  bundleWith({ [name]: 'src/main.ts' }, outdir, [onlyVerbs(verbs)])
