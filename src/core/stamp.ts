/**
 * A time for a file's name, in UTC: `20261127T221500Z`, or `20261127T221500-042Z`. Names sort by it. Pure.
 *
 * @param epoch Unix seconds
 */
export const fileStamp = (epoch: number, unit: 'seconds' | 'milliseconds' = 'seconds'): string => {
  const digits = new Date(epoch * 1000).toISOString().replaceAll(/[-:]/g, '')
  return unit === 'seconds' ? digits.replace(/\.\d+/, '') : digits.replace('.', '-')
}
