// A training: it computes without a pause, and prints the same line with another loss every second.
let loss = 4
let printed = Date.now()
for (let step = 0; ; step += 1) {
  loss = loss * 0.99999 + Math.sin(step) * 0.001
  if (step % 1000 === 0 && Date.now() - printed > 1000) {
    printed = Date.now()
    console.log(`iter ${step}: loss ${loss.toFixed(4)}, lr 3e-4`)
  }
}
