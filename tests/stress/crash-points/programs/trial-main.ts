/**
 * One recording or trial, as a process of its own: where it can be, the first of a PID namespace, so that what it
 * finds in /proc is the same every time, and nothing outlives it.
 *
 * usage: trial-main JSON      prints JSON
 */
import { SCENARIOS } from '../scenarios.ts'
import { recordPoints, runTrial, type Task } from '../trial.ts'

const main = async (): Promise<void> => {
  const { layout, scenario: name, hit } = JSON.parse(process.argv[2] ?? '') as Task
  const scenario = SCENARIOS.find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario "${name}"`)
  const answer = hit === null ? await recordPoints(layout, scenario) : await runTrial(layout, scenario, hit)
  process.stdout.write(JSON.stringify(answer))
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
