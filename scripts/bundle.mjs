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
 * write-file-atomic wants its temporary file removed when the process ends during the write. Its synchronous form, the only
 * one that is used, gives no other code a turn until it is done, so there is nothing to wait for; but the package that
 * would, signal-exit, sets and resets some 25 signal handlers for every write, which took longer than the write.
 */
const withoutSignalExit = {
  name: 'without-signal-exit',
  setup(build) {
    build.onResolve({ filter: /^signal-exit$/ }, ({ importer }) =>
      /[\\/]write-file-atomic[\\/]/.test(importer)
        ? { path: 'signal-exit', namespace: 'left-out' }
        : undefined,
    )
    build.onLoad({ filter: /^signal-exit$/, namespace: 'left-out' }, () => ({
      contents: 'exports.onExit = () => () => {}',
    }))
  },
}

/**
 * What is started most has a bundle of its own, with nothing but these verbs: less to read, and less to compile. The name
 * of the bundle, and its verbs; `main` has all.
 */
export const FREQUENT = {
  status: { lock: ['status', 'watch'] },
  run: { engine: ['run'] },
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
    plugins: [vendorDynamicImports, withoutSignalExit, ...plugins],
    // yargs-parser makes a require() of it, and takes a path as well as a URL.
    define: { VERSION: JSON.stringify(version), 'import.meta.url': '__filename' },
  })

/** Each entry point becomes one file: a name, and the source that it is made from. */
export const bundle = (entryPoints, outdir) => bundleWith(entryPoints, outdir, [])

/** The program, with only some of its verbs. */
export const bundleVerbs = (name, verbs, outdir) =>
  bundleWith({ [name]: 'src/main.ts' }, outdir, [onlyVerbs(verbs)])
