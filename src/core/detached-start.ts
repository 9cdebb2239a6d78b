/** The engine's first word in the pane of a detached run; the next one is the file of store/start-file.ts. */
export const DETACHED_START = '__start'
