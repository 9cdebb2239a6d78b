import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { terminalSize } from '../../src/process/terminal-size.ts'

const canTry = process.platform === 'linux' && spawnSync('script', ['--version']).error === undefined

describe.skipIf(!canTry)('the size of the terminal that a process writes to', () => {
  it('is that of the terminal, as it is now', async () => {
    const command = 'stty cols 111 rows 33; echo pid $$; read x; stty cols 90 rows 20; echo again; read x'
    const child = spawn('script', ['-qfc', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, SHELL: '/bin/sh' },
    })
    try {
      let said = ''
      child.stdout.on('data', (data) => {
        said += data
      })
      while (!/pid \d+\r/.test(said)) await once(child.stdout, 'data')
      const pid = Number(/pid (\d+)/.exec(said)?.[1])
      expect(terminalSize(pid)).toEqual({ columns: 111, rows: 33 })
      child.stdin.write('\n')
      while (!said.includes('again')) await once(child.stdout, 'data')
      expect(terminalSize(pid)).toEqual({ columns: 90, rows: 20 })
    } finally {
      child.kill()
    }
  })

  it('is not known without one', async () => {
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      expect(terminalSize(child.pid ?? 0)).toBeNull()
    } finally {
      child.kill()
    }
    expect(terminalSize(2 ** 30)).toBeNull()
  })
})
