export const bundle: (entryPoints: Readonly<Record<string, string>>, outdir: string) => Promise<unknown>
export const bundleVerbs: (name: string, verbs: readonly string[], outdir: string) => Promise<unknown>
