/**
 * dist/main.cjs: checks Node's version, then runs quick.js or cli.js. In the syntax of the oldest Node there is.
 *
 * The build leaves V8's compiled code beside each file, which saves a quarter of the start. V8 refuses it by itself
 * when it is from another version or other flags, and compiles as usual. (From Node 22.8 on module.enableCompileCache
 * does the same.)
 */
var fs = require('fs')
var path = require('path')
var vm = require('vm')

var NEEDED = [__MAJOR__, __MINOR__]
/** Named by the contents of the source: V8 itself compares no more than the lengths. */
var CACHES = __CACHES__
var QUICK = { status: true, wait: true, progress: true, logs: true, history: true }

function scriptOf(name) {
  var file = path.join(__dirname, name + '.js')
  var cachedData
  try {
    cachedData = fs.readFileSync(path.join(__dirname, CACHES[name]))
  } catch (_missing) {
    // Slower, and no worse.
  }
  var source = '(function (require, __filename, __dirname) {' + fs.readFileSync(file, 'latin1') + '\n})'
  return new vm.Script(source, { filename: file, cachedData: cachedData })
}

function run(script, name) {
  script.runInThisContext()(require, path.join(__dirname, name + '.js'), __dirname)
}

function checkVersion() {
  var version = process.versions.node.split('.').map(Number)
  if (version[0] > NEEDED[0] || (version[0] === NEEDED[0] && version[1] >= NEEDED[1])) return
  console.error(
    'tmux-session-lock needs Node ' +
      NEEDED.join('.') +
      ' or newer; this is ' +
      process.version +
      ' (' +
      process.execPath +
      ')',
  )
  process.exit(69)
}

function main() {
  checkVersion()
  var name = process.argv[2] === 'lock' && QUICK[process.argv[3]] === true ? 'quick' : 'cli'
  run(scriptOf(name), name)
}

if (require.main === module) main()
else module.exports = { CACHES: CACHES, scriptOf: scriptOf, run: run }
