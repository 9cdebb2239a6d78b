import { describe, expect, it } from 'vitest'
import { errors, type LockError } from '../../src/core/errors.ts'

const failed = Object.assign(new Error('long story'), { code: 'ENOSPC' })

describe('an error', () => {
  /** Section 7 of the contract. */
  it.each<[LockError, number]>([
    [errors.usage('x'), 64],
    [errors.badSessionName('"x"'), 64],
    [errors.noCommand('demo'), 64],
    [errors.newerRecord('/d/demo.json', 2), 65],
    [errors.badRecord('/d/demo.json', 'x'), 65],
    [errors.noLockTool(), 69],
    [errors.noProcessTool(['ps']), 69],
    [errors.lockToolFailed('flock', 'exit code 71'), 69],
    [errors.noTmux('attach'), 69],
    [errors.noPane('x', 'demo'), 69],
    [errors.networkFileSystem('/d', 'nfs'), 69],
    [errors.noDirectory('/d', failed), 73],
    [errors.io('x', failed), 74],
    [errors.directoryGone('/d'), 74],
    [errors.held('x'), 75],
    [errors.unsafe('x', 'y'), 77],
    [errors.noOutput('x', 'y'), 69],
    [errors.notInWorker(), 64],
    [errors.runIsOver('x'), 69],
    [errors.superseded('x'), 80],
    [errors.ownerOfOther(7), 77],
  ])('has the exit code that is promised: %s', (error, code) => {
    expect(error.exitCode).toBe(code)
  })

  it('names every program that is needed to list processes and missing, and what has them', () => {
    const { message, hint } = errors.noProcessTool(['ps', 'sysctl'])
    expect(message).toContain('ps and sysctl are not in PATH')
    expect(errors.noProcessTool(['ps']).message).toContain('ps is not in PATH')
    expect(hint).toContain('apt-get install procps')
  })

  it('names the reason of the system, and not its story', () => {
    expect(errors.io('it could not be written', failed).message).toBe('it could not be written (ENOSPC)')
  })
})
