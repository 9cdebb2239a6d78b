// Three downloads at once, each on a line of its own that is drawn over: sizes and bars change, words do not.
import { pause, write } from './lib.mjs'

const LAYERS = ['base', 'tools', 'data']
for (let step = 0; step < 200; step += 1) {
  const lines = LAYERS.map((layer, index) => {
    const megabytes = Math.min(45, (step * (index + 2)) / 20)
    const filled = Math.floor((megabytes / 45) * 30)
    const bar = `${'='.repeat(filled)}>`.padEnd(31)
    return `\x1b[2K${layer}: Downloading [${bar}] ${megabytes.toFixed(1)}MB/45.0MB\n`
  })
  write(step === 0 ? lines.join('') : `\x1b[${LAYERS.length}A${lines.join('')}`)
  await pause(0.25)
}
