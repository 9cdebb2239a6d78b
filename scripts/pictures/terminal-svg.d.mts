export type Run = {
  readonly at: number
  readonly text: string
  readonly width: number
  readonly style: {
    readonly color: string
    readonly background: string
    readonly isBold: boolean
    readonly isDim: boolean
    readonly isUnderlined: boolean
  }
}
export type Screen = readonly (readonly Run[])[]
export function readScreen(
  ansi: string,
  size: { readonly columns: number; readonly rows: number },
): Promise<Screen>
export function drawScreen(
  screen: Screen,
  picture: { readonly columns: number; readonly title: string; readonly description: string },
): string
