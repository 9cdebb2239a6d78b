/** Where a harness finds the project, the compiled programs that it starts, and its scripts. */
export type Layout = { readonly root: string; readonly programs: string; readonly sources: string }
