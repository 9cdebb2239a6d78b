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

/** Each entry point becomes one file: a name, and the source that it is made from. */
export const bundle = (entryPoints, outdir) =>
  build({
    ...common,
    entryPoints,
    outdir,
    // import() would go through the slower loader.
    supported: { 'dynamic-import': false },
    plugins: [vendorDynamicImports],
    // yargs-parser makes a require() of it, and takes a path as well as a URL.
    define: { VERSION: JSON.stringify(version), 'import.meta.url': '__filename' },
  })
