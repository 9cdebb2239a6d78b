/** Writes engine.schema.json, the JSON Schema of engine.yaml, from src/config/schema.ts. usage: npm run schema */
import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const compiled = join(root, `.schema-${process.pid}.mjs`)
try {
  await build({
    stdin: {
      contents:
        "import * as z from 'zod/mini'\nimport { jsonSchema } from './src/config/schema.ts'\nexport default jsonSchema(z)",
      resolveDir: root,
    },
    outfile: compiled,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  })
  writeFileSync(join(root, 'engine.schema.json'), (await import(pathToFileURL(compiled))).default)
} finally {
  rmSync(compiled, { force: true })
}
