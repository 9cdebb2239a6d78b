import { describe, expect, it } from 'vitest'
import { MeasuredValues } from '../../src/core/measured-values.ts'

const answers = (...rows: readonly string[]): readonly boolean[] => {
  const values = new MeasuredValues()
  return rows.map((row) => values.isAnother(row))
}

describe('a value that a program prints', () => {
  it.each([
    ['of a training', 'iter 119: loss 2.3510', 'iter 120: loss 2.3456', 'iter 121: loss 2.3460'],
    ['of a solver', 'step 1 residual=3.2e-05', 'step 2 residual=2.9e-05', 'step 3 residual=1.1e-05'],
    ['below zero', 'energy: -10.50', 'energy: -10.75', 'energy: -10.70'],
    ['beside a time', 'loss 2.1, 0.52s', 'loss 2.0, 0.53s', 'loss 1.9, 0.54s'],
  ])('was computed, once it has fallen: %s', (_, first, second, third) => {
    expect(answers(first, second, third)).toEqual([false, true, true])
  })

  it.each([
    ['that stays', 'load 0.52', 'load 0.52', 'load 0.52'],
    ['that only grows', 'elapsed 1.50', 'elapsed 2.50', 'elapsed 3.50'],
    ['of a time', 'took 3.21 ms', 'took 1.23 ms', 'took 2.23 ms'],
    ['of a time in seconds', 'took 3.21s', 'took 1.23s', 'took 2.23s'],
    ['of a share', 'cpu 12.5%', 'cpu 11.5%', 'cpu 13.5%'],
    ['of a speed', 'at 5.2 MB/s', 'at 4.2 MB/s', 'at 5.1 MB/s'],
    ['of an address', 'from 10.0.3.7', 'from 10.0.1.2', 'from 10.0.2.9'],
    ['of a version', 'v1.5 is not there', 'v1.4 is not there', 'v1.3 is not there'],
    ['of the moment', '12:31:01.99 waits', '12:31:02.01 waits', '12:31:03.00 waits'],
    ['of an attempt', 'attempt 3', 'attempt 2', 'attempt 1'],
  ])('was not, of one %s', (_, first, second, third) => {
    expect(answers(first, second, third)).toEqual([false, false, false])
  })
})
