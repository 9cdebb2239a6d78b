/**
 * Keeps V8's space for new objects at its first megabyte, from now on; else it grows up to 32.
 *
 * A fork copies the tables of all memory that this process has, and each page that is written to afterwards is copied. So who
 * starts a process for each iteration is quicker with less of it.
 */
export const keepHeapSmall = (): void =>
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
