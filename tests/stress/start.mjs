/**
 * Compiles one of the harnesses beside this file, and the programs that it starts, to a temporary directory, and
 * runs it there.
 *
 * usage: node tests/stress/start.mjs torture|places|crash-points|orphans|instants|load [OPTION...]
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const [, , asked, ...words] = process.argv
/** `npm run orphans -- --instants` is a harness of its own. */
const name = words[0] === '--instants' ? 'instants' : asked
const args = words.filter((word) => word !== '--instants')

const harnesses = readdirSync(here).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
if (name === undefined || !harnesses.includes(name)) {
  console.error(`usage: node tests/stress/start.mjs ${harnesses.join('|')} [OPTION...]`)
  process.exit(64)
}

const out = mkdtempSync(join(tmpdir(), 'lock-stress-bin-'))
process.on('exit', () => rmSync(out, { recursive: true, force: true }))

const programs = join(here, name, 'programs')
await build({
  absWorkingDir: root,
  entryPoints: {
    harness: join(here, `${name}.ts`),
    ...(existsSync(programs)
      ? Object.fromEntries(
          readdirSync(programs)
            .filter((file) => file.endsWith('.ts'))
            .map((file) => [file.slice(0, -3), join(programs, file)]),
        )
      : {}),
  },
  outdir: out,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  // So that a preload which wraps functions of node:fs reaches what the program calls.
  format: 'cjs',
  target: 'node20.19',
  define: { VERSION: '"stress"' },
  logLevel: 'warning',
})

const { createRequire } = await import('node:module')
const { main } = createRequire(import.meta.url)(join(out, 'harness.cjs'))
process.exit(await main({ root, programs: out, sources: programs }, args))
