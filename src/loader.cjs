/**
 * dist/loader.cjs: checks Node's version, then runs the bundle that has the verb. In the syntax of the oldest Node there is.
 * A bundle is the expression of a function that takes what Node gives a module.
 *
 * V8's compiled code of a bundle is kept, which saves a fifth of the start: beside the bundle, or where that cannot be
 * written under XDG_CACHE_HOME. There is one file for each verb and version of Node, because code that a verb does not
 * use only makes it slower. What a verb compiles depends on what it finds, so the first uses add to the file, and after
 * these it stays as it is. V8 refuses by itself what is of another version or of other flags, and compiles as usual.
 * Measured, module.enableCompileCache() saves half of that: it keeps less.
 *
 * Whoever can write compiled code can make this program do anything, so a directory of another owner, or one that
 * others can write to, is not used. Nothing that goes wrong here is reported: all that is lost is time.
 */
var fs = require('fs')
var path = require('path')
var vm = require('vm')

var NEEDED = [__MAJOR__, __MINOR__]
/** The name of the bundle of each verb that has another one than main.js. */
var BUNDLES = __BUNDLES__
/** Of the contents of each bundle: V8 itself compares no more than the length. */
var HASHES = __HASHES__
var SAVES = 3
/** A run may last for days, and V8 forgets meanwhile what it has compiled at the start. */
var SAVE_AFTER_MS = 1000
var USAGE_ERROR = 64
var WRITABLE_BY_OTHERS = 18 // 022

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

/** One descriptor for what two looks at the file would cost: this is on the way of every start. */
function readBundle(file) {
  var fd = fs.openSync(file, 'r')
  var stats = fs.fstatSync(fd)
  var bytes = Buffer.allocUnsafe(stats.size)
  var length = fs.readSync(fd, bytes, 0, stats.size, 0)
  fs.closeSync(fd)
  return { owner: stats.uid, text: bytes.toString('latin1', 0, length) }
}

/** Where compiled code may be, and who has to own it. The first one is preferred. */
function places(owner) {
  var home = process.env.HOME ? path.join(process.env.HOME, '.cache') : ''
  var cacheHome = process.env.XDG_CACHE_HOME || ''
  if (!path.isAbsolute(cacheHome)) cacheHome = home
  var found = [{ dir: path.join(__dirname, 'compiled'), owner: owner }]
  if (path.isAbsolute(cacheHome))
    found.push({ dir: path.join(cacheHome, 'tmux-session-lock'), owner: process.geteuid() })
  return found
}

function isTrusted(place) {
  var stats = fs.lstatSync(place.dir)
  return stats.isDirectory() && stats.uid === place.owner && (stats.mode & WRITABLE_BY_OTHERS) === 0
}

/** `lock.status`; what is no verb is not kept apart. */
function nameOf(program, verb, hash) {
  var word = /^[a-z_-]{1,32}$/.test(verb) ? verb : 'other'
  return [program, word, process.version, process.arch, hash].join('.')
}

/** The bundle of `status` leaves out what `status --watch` does. */
function bundleOf(program, verb) {
  var isWatch = verb === 'status' && process.argv.indexOf('--watch') > 0
  return (!isWatch && BUNDLES[program + '.' + verb]) || 'main'
}

/** @returns {{ saves: number, data?: Buffer } | null} compiled code, and how often it has been saved */
function readFrom(place, name) {
  var saves = SAVES
  try {
    if (!isTrusted(place)) return null
  } catch (_missing) {
    return null
  }
  for (; saves > 0; saves -= 1) {
    try {
      return { saves: saves, data: fs.readFileSync(path.join(place.dir, name + '.' + saves)) }
    } catch (_missing) {}
  }
  return null
}

function readCompiled(name, owner) {
  var found = places(owner)
  return readFrom(found[0], name) || (found[1] && readFrom(found[1], name)) || { saves: 0 }
}

/** Whole or not at all, also when the power fails: V8 does not notice every damage. */
function writeTo(place, name, saves, data) {
  fs.mkdirSync(place.dir, { recursive: true, mode: 0o755 })
  if (!isTrusted(place)) return false
  var target = path.join(place.dir, name + '.' + saves)
  var temporary = target + '.' + process.pid
  var fd = fs.openSync(temporary, 'wx', 0o644)
  try {
    fs.writeSync(fd, data, 0, data.length)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.renameSync(temporary, target)
  if (saves > 1) fs.unlinkSync(path.join(place.dir, name + '.' + (saves - 1)))
  return true
}

function writeCompiled(name, owner, saves, data) {
  places(owner).some(function (place) {
    try {
      return place.owner === process.geteuid() && writeTo(place, name, saves, data)
    } catch (_refused) {
      return false
    }
  })
}

/** Once, at the end or when the start is over. */
function saveLater(script, name, owner, saves) {
  var saved = false
  function save() {
    if (saved) return
    saved = true
    try {
      writeCompiled(name, owner, saves, script.createCachedData())
    } catch (_failed) {}
  }
  setTimeout(save, SAVE_AFTER_MS).unref()
  process.on('exit', function (code) {
    // A word that is no verb leaves no file.
    if (code !== USAGE_ERROR) save()
  })
}

function main() {
  checkVersion()
  var program = process.argv[2]
  var verb = process.argv[3]
  var bundle = bundleOf(program, verb)
  var file = path.join(__dirname, bundle + '.js')
  var name = nameOf(program, verb, HASHES[bundle])
  var source = readBundle(file)
  var compiled = readCompiled(name, source.owner)
  var script = new vm.Script(source.text, { filename: file, cachedData: compiled.data })
  var saves = script.cachedDataRejected ? 0 : compiled.saves
  // Code that was compiled with other flags would be refused the next time.
  var isUsual = process.execArgv.length === 0 && !process.env.NODE_OPTIONS
  if (saves < SAVES && isUsual) saveLater(script, name, source.owner, saves + 1)
  script.runInThisContext()(require, file, __dirname)
}

main()
