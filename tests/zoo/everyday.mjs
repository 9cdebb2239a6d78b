/**
 * Another table of the zoo: programs that people have on their machines, as they are, and what a person would say of
 * them. Those that are not installed are left out.
 *
 * usage: npm run zoo -- --table tests/zoo/everyday.mjs [--only NAME,...]
 *
 * A program marks its start and nothing else, so `start` is allowed for it to come to its hang.
 */

/** Seconds. */
export const LIMITS = { interval: 1, stale: 3, quiet: 10, stuck: 20 }

const NODE = process.env.ZOO_NODE ?? process.execPath
const START_SECONDS = 6

const BARE = { causes: [], terminal: false, limits: {}, options: [], cores: 0.05, needs: [] }

/** A shell that marks its start and becomes `command`. */
const shell = (command) => ['bash', '-c', `: >"$ZOO_MARK"; cd "$ZOO_SCRATCH" || exit; ${command}`]
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`
const python = (code) => `exec python3 -c ${quoted(code)}`
const node = (code) => `exec ${quoted(NODE)} -e ${quoted(code)}`

const working = (name, needs, command, extra = {}) => ({
  ...BARE,
  kind: 'working',
  name,
  needs,
  program: shell(command),
  ...extra,
})
const hung = (name, causes, needs, command, extra = {}) => ({
  ...BARE,
  kind: 'hung',
  name,
  causes: [causes].flat(),
  needs,
  program: shell(command),
  start: START_SECONDS,
  ...extra,
})
const inPane = { terminal: true }
const asks = (name, needs, command, extra = {}) =>
  hung(name, 'awaiting-input', needs, command, { terminal: true, limit: LIMITS.quiet, ...extra })
const either = (name, truth, needs, command, reason, extra = {}) => ({
  ...BARE,
  kind: 'undecidable',
  name,
  truth,
  needs,
  reason,
  program: shell(command),
  ...extra,
})

const REPOSITORY = 'git init -q r && cd r && git config user.email a@b.c && git config user.name a && '
const PEM = 'ssh-keygen -q -t ed25519 -N secret -f key && '

/** @type {import('./scenarios.mjs').Scenario[]} */
export const SCENARIOS = [
  // Questions.
  asks('bash-read', [], 'read -r -p "Continue? [y/N] "'),
  asks('bash-read-secret', [], 'read -r -s -p "Password: "'),
  asks('bash-read-with-timeout', [], 'read -r -t 300 -p "Continue? [y/N] "'),
  asks('bash-read-loop', [], 'until read -r -t 2 -n 1; do :; done'),
  asks('bash-select', [], 'select choice in red green; do echo "$choice"; done'),
  asks('bash-prompt', [], 'exec bash --norc --noprofile -i'),
  asks('cat', [], 'exec cat'),
  asks('read-in-pipeline', [], 'echo a | while read -r x; do read -r y </dev/tty; done | tee log'),
  asks('rm-i', [], 'touch a; rm -i a'),
  asks('python-input', ['python3'], python('input("Name: ")')),
  asks('python-getpass', ['python3'], python('import getpass; getpass.getpass()')),
  asks('python-repl', ['python3'], 'exec python3 -q'),
  asks('python-pdb', ['python3'], 'echo "x = 1" >a.py; exec python3 -m pdb a.py'),
  asks(
    'node-question',
    [],
    node(
      'require("readline").createInterface({input:process.stdin,output:process.stdout}).question("Name? ",()=>{})',
    ),
  ),
  asks('node-repl', [], `exec ${quoted(NODE)}`),
  asks('npm-init', ['npm'], 'exec npm init'),
  asks('whiptail-menu', ['whiptail'], 'exec whiptail --menu Choose 15 40 5 a Apple b Banana c Cherry'),
  asks('whiptail-yesno', ['whiptail'], 'exec whiptail --yesno "Go on?" 10 40'),
  asks(
    'whiptail-in-substitution',
    ['whiptail'],
    'x=$(whiptail --inputbox Name 10 40 3>&1 1>&2 2>&3); echo "$x"',
  ),
  asks('dialog-menu', ['dialog'], 'exec dialog --menu Choose 15 40 5 a Apple b Banana c Cherry'),
  asks('dialog-form', ['dialog'], 'exec dialog --inputbox Name 10 40'),
  asks('fzf', ['fzf'], 'printf "%s\\n" apple banana | fzf'),
  asks('less', ['less'], 'exec less /etc/services'),
  asks('man', ['man'], 'exec man bash'),
  asks(
    'git-log',
    ['git', 'less'],
    `${REPOSITORY}for i in {1..60}; do git commit -q --allow-empty -m "change $i"; done; LESS= exec git log`,
    { start: 15 },
  ),
  asks('git-commit', ['git', 'vim'], `${REPOSITORY}EDITOR=vim exec git commit --allow-empty`),
  asks('git-password', ['git'], 'exec git clone "$ZOO_SERVER/password/x.git"'),
  asks('more', ['more'], 'seq 200 >a; exec more a'),
  asks(
    'git-add-p',
    ['git'],
    `${REPOSITORY}echo a >a; git add a; git commit -qm a; echo b >a; exec git add -p`,
    {
      start: 10,
    },
  ),
  asks(
    'git-rebase-i',
    ['git', 'vim'],
    `${REPOSITORY}for i in 1 2 3; do git commit -q --allow-empty -m "$i"; done; EDITOR=vim exec git rebase -i HEAD~2`,
    { start: 10 },
  ),
  asks('perl-debugger', ['perl'], 'exec perl -de 0'),
  asks('press-any-key', [], 'read -r -n 1 -s -p "Press any key to continue..."'),
  asks(
    'python-curses',
    ['python3'],
    python('import curses; curses.wrapper(lambda s: (s.addstr("pick one"), s.getch()))'),
  ),
  asks(
    'python-asyncio-stdin',
    ['python3'],
    python(
      'import asyncio,sys\nasync def f():\n  l=asyncio.get_running_loop(); r=asyncio.StreamReader(); await l.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(r),sys.stdin); print("name?",flush=True); await r.readline()\nasyncio.run(f())',
    ),
  ),
  asks('vim', ['vim'], 'exec vim a.txt'),
  asks('nano', ['nano'], 'exec nano a.txt'),
  asks('mc', ['mc'], 'exec mc -x'),
  asks('sqlite3', ['sqlite3'], 'exec sqlite3 a.db'),
  asks('gdb', ['gdb'], 'exec gdb -q cat'),
  asks('bc', ['bc'], 'exec bc -q'),
  asks('ssh-passphrase', ['ssh-keygen'], `${PEM}exec ssh-keygen -y -f key`),
  asks('expect-interact', ['expect'], 'exec expect -c "spawn bash --norc; interact"'),
  asks('script', ['script'], 'exec script -q -c "bash --norc -i" typescript'),
  asks(
    'node-raw-keys',
    [],
    node(
      'process.stdin.setRawMode(true).on("data",()=>{}); console.log("press q to quit"); setInterval(()=>{},1000)',
    ),
  ),

  // Peers that do not answer.
  hung('nc-silent', 'silent', ['nc'], 'exec nc 127.0.0.1 "$ZOO_SILENT_PORT"'),
  hung('nc-listens', 'silent', ['nc'], 'exec nc -l 127.0.0.1 0 </dev/null'),
  hung('socat-silent', 'silent', ['socat'], 'exec socat -u "TCP:127.0.0.1:$ZOO_SILENT_PORT" STDOUT'),
  hung('curl-silent', 'silent', ['curl'], 'exec curl -s "$ZOO_SERVER/never"'),
  hung('curl-meter-silent', 'repeating', ['curl'], 'exec curl -o x "$ZOO_SERVER/never"', inPane),
  hung('curl-meter-half', 'repeating', ['curl'], 'exec curl -o x "$ZOO_SERVER/half"', inPane),
  hung('curl-bar-half', ['repeating', 'silent'], ['curl'], 'exec curl -# -o x "$ZOO_SERVER/half"', inPane),
  hung('wget-silent', 'silent', ['wget'], 'exec wget -O x "$ZOO_SERVER/never"', inPane),
  hung('wget-half', ['repeating', 'silent'], ['wget'], 'exec wget -O x "$ZOO_SERVER/half"', inPane),
  hung(
    'ssh-silent',
    'silent',
    ['ssh'],
    'exec ssh -o ConnectTimeout=0 -p "$ZOO_SILENT_PORT" a@127.0.0.1 true',
    inPane,
  ),
  hung('rsync-silent', 'silent', ['rsync'], 'exec rsync "rsync://127.0.0.1:$ZOO_SILENT_PORT/a/" .'),
  hung('git-clone-silent', 'silent', ['git'], 'exec git clone "$ZOO_SERVER/never/x.git"'),
  hung('git-clone-silent-in-pane', 'silent', ['git'], 'exec git clone "$ZOO_SERVER/never/x.git"', inPane),
  hung(
    'npm-install-silent',
    ['silent', 'repeating'],
    ['npm'],
    'npm_config_cache=$PWD/c exec npm install --registry "$ZOO_SERVER/never/" left-pad',
  ),
  hung(
    'npm-install-silent-in-pane',
    'repeating',
    ['npm'],
    'npm_config_cache=$PWD/c exec npm install --registry "$ZOO_SERVER/never/" left-pad',
    inPane,
  ),
  hung(
    'pip-install-silent',
    ['silent', 'repeating'],
    ['pip'],
    'exec pip --no-cache-dir --disable-pip-version-check install --timeout 300 -i "$ZOO_SERVER/never/" --target t left-pad',
  ),
  hung(
    'pip-install-retries',
    ['silent', 'repeating'],
    ['pip'],
    'exec pip --no-cache-dir --disable-pip-version-check install --timeout 4 --retries 99 -i "$ZOO_SERVER/never/" --target t left-pad',
    { start: 15 },
  ),
  hung(
    'python-requests-silent',
    'silent',
    ['python3'],
    python('import os,urllib.request as u; u.urlopen(os.environ["ZOO_SERVER"]+"/never")'),
  ),

  // Programs that wait for something else, or for nothing.
  hung('sleep', 'silent', [], 'exec sleep 1000'),
  hung('tail-f', 'silent', [], 'echo a >log; exec tail -f log'),
  hung('tail-F-in-pane', 'silent', [], 'echo a >log; exec tail -F log', inPane),
  hung(
    'python-lock',
    'silent',
    ['python3'],
    python(
      'import threading as t\na,b=t.Lock(),t.Lock()\nimport time\ndef f(x,y):\n  with x:\n    time.sleep(.2)\n    with y: pass\nq=[t.Thread(target=f,args=z) for z in ((a,b),(b,a))]\n[x.start() for x in q]\n[x.join() for x in q]',
    ),
  ),
  hung(
    'python-asyncio-idle',
    'silent',
    ['python3'],
    python('import asyncio\nasync def f():\n  while True: await asyncio.sleep(.1)\nasyncio.run(f())'),
  ),
  hung('python-http-server', 'silent', ['python3'], 'exec python3 -m http.server --bind 127.0.0.1 0'),
  hung(
    'python-pool-deadlock',
    'silent',
    ['python3'],
    python(
      'import multiprocessing as m, time\nif __name__=="__main__":\n  p=m.get_context("fork").Pool(3)\n  p.apply(time.sleep,(1000,))',
    ),
  ),
  hung('node-interval', 'silent', [], node('setInterval(()=>{},100)')),
  hung(
    'node-worker-pings',
    ['silent', 'spinning'],
    [],
    node(
      'const {Worker}=require("worker_threads");const w=new Worker("require(\'worker_threads\').parentPort.on(\'message\',m=>require(\'worker_threads\').parentPort.postMessage(m))",{eval:true});w.on("message",()=>setTimeout(()=>w.postMessage({ping:1}),500));w.postMessage(1)',
    ),
  ),
  hung(
    'java-sleeps',
    'silent',
    ['java'],
    'printf "public class A { public static void main(String[] a) throws Exception { Thread.sleep(1000000); } }" >A.java; exec java A.java',
    { start: 20, cores: 0.5 },
  ),
  hung(
    'java-deadlock',
    'silent',
    ['java'],
    'printf "public class A { static void f(Object a, Object b) { synchronized (a) { try { Thread.sleep(300); } catch (Exception e) {} synchronized (b) {} } } public static void main(String[] x) { Object a = 1.5, b = 2.5; new Thread(() -> f(a, b)).start(); new Thread(() -> f(b, a)).start(); } }" >A.java; exec java A.java',
    { start: 20, cores: 0.5 },
  ),
  hung('fzf-without-list', 'silent', ['fzf'], 'mkfifo p; exec fzf --filter x <p'),
  hung('perl-select', 'silent', ['perl'], 'exec perl -e "while (1) { select undef, undef, undef, 0.05 }"'),
  hung('full-pipe', 'silent', [], 'yes | sleep 1000'),
  hung(
    'expect-waits',
    'silent',
    ['expect'],
    'exec expect -c "set timeout -1; spawn sleep 1000; expect never"',
    inPane,
  ),
  hung('fifo', 'silent', [], 'mkfifo p; exec cat p'),
  hung('flock', 'silent', ['flock'], 'sleep 1000 9>l & exec 8>l; flock 8; flock l true'),
  hung('sigstop', 'stopped', [], 'sleep 1000 & kill -STOP $!; wait', { limit: LIMITS.quiet }),
  hung('wait-child', 'silent', [], 'sleep 1000 & wait'),
  hung('socat-listens', 'silent', ['socat'], 'exec socat UNIX-LISTEN:s STDOUT'),
  hung(
    'apt-lock-like',
    'repeating',
    [],
    'for ((i = 0; ; i++)); do printf "\\rWaiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt)... %ss " "$i"; sleep 1; done',
    inPane,
  ),
  hung('churn', ['silent', 'spinning'], [], 'while :; do sleep 0.1; done'),
  hung(
    'churn-wait-for-port',
    ['silent', 'spinning'],
    ['nc'],
    'until nc -z 127.0.0.1 1 2>/dev/null; do sleep 0.5; done',
  ),
  hung('wait-for-file', ['silent', 'spinning'], [], 'until [ -e ready ]; do sleep 1; done'),
  hung('spin-python', 'spinning', ['python3'], `exec nice -n 19 python3 -c 'while True: pass'`, { cores: 1 }),
  hung('spin-bash', 'spinning', [], `exec nice -n 19 bash -c 'while :; do :; done'`, { cores: 1 }),

  // Pings between own processes.
  hung(
    'pings-through-pipes',
    ['silent', 'spinning'],
    ['python3'],
    python(
      'import subprocess as s,sys,time\np=s.Popen([sys.executable,"-uc","import sys\\nfor l in sys.stdin: print(l.strip()+\' pong\')"],stdin=s.PIPE,stdout=s.PIPE,text=True,bufsize=1)\nwhile True:\n  p.stdin.write("ping from the parent\\n"); p.stdin.flush(); p.stdout.readline(); time.sleep(1)',
    ),
  ),
  hung(
    'pings-fast',
    ['silent', 'spinning'],
    ['python3'],
    python(
      'import subprocess as s,sys,time\np=s.Popen([sys.executable,"-uc","import sys\\nfor l in sys.stdin: print(l.strip()+\' pong\')"],stdin=s.PIPE,stdout=s.PIPE,text=True,bufsize=1)\nwhile True:\n  p.stdin.write("ping from the parent\\n"); p.stdin.flush(); p.stdout.readline(); time.sleep(.05)',
    ),
  ),
  hung(
    'coproc-pings',
    ['silent', 'spinning'],
    [],
    `coproc while read -r x; do echo "pong to $x"; done; while :; do echo ping >&"\${COPROC[1]}"; read -r x <&"\${COPROC[0]}"; sleep 1; done`,
  ),
  hung(
    'sends-to-idle-server',
    ['silent', 'spinning'],
    ['python3'],
    python(
      'import os,socket,threading,time\na,b=socket.socketpair()\nif os.fork()==0:\n  while True: b.send(b"pong "+b.recv(100))\nwhile True: a.send(b"keepalive ping"); a.recv(100); time.sleep(1)',
    ),
  ),

  // Screens that repeat.
  hung('yes', 'repeating', [], 'exec nice -n 19 yes', { cores: 1 }),
  hung('yes-in-pane', 'repeating', [], 'yes | while read -r x; do echo "$x"; sleep 0.01; done', {
    ...inPane,
    cores: 0.3,
  }),
  hung('vmstat', 'repeating', ['vmstat'], 'exec vmstat 1'),
  hung('ping-loopback', 'repeating', ['ping'], 'exec ping 127.0.0.1', inPane),
  hung(
    'waits-with-load',
    'repeating',
    [],
    'while :; do echo "waiting for load to fall: $(cut -d" " -f1 /proc/loadavg)"; sleep 1; done',
  ),
  hung(
    'title-spinner',
    ['repeating', 'silent'],
    [],
    'while :; do for g in a b c; do printf "\\033]0;%s working\\007" "$g"; sleep 0.3; done; done',
    inPane,
  ),
  hung(
    'curl-until',
    ['silent', 'spinning', 'repeating'],
    ['curl'],
    'until curl -sf http://127.0.0.1:1/; do sleep 1; done',
  ),
  hung(
    'emoji-spinner',
    'repeating',
    ['python3'],
    python(
      'import time,sys\nn=0\nwhile True: n+=1; sys.stdout.write("\\r\\x1b[K"+"🌍🌎🌏"[n%3]+" "+"▹▸"[n%2]*3+f" deploying to production... {n//10}s"); sys.stdout.flush(); time.sleep(.1)',
    ),
    inPane,
  ),
  hung(
    'python-short-sleeps',
    ['silent', 'spinning'],
    ['python3'],
    python('import time\nwhile True: time.sleep(.001)'),
    { start: 15, cores: 0.1 },
  ),
  hung('watch-date', 'repeating', ['watch'], 'exec watch -n 1 date', inPane),
  hung('watch-ls', 'repeating', ['watch'], 'exec watch -n 1 ls /', inPane),
  hung(
    'retrying-in',
    'repeating',
    [],
    'for ((n = 1; ; n++)); do echo "connection refused, retrying in $n s"; sleep 1; done',
  ),
  hung(
    'retry-countdown',
    'repeating',
    ['python3'],
    python(
      'import time,sys\nn=0\nwhile True:\n  n+=1\n  for s in range(9,0,-1):\n    sys.stdout.write(f"\\r\\x1b[KRetrying in {s} seconds... (attempt {n})"); sys.stdout.flush(); time.sleep(.5)',
    ),
    inPane,
  ),
  hung(
    'retry-backoff',
    ['repeating', 'silent'],
    [],
    'n=1; while :; do echo "upload failed: 503, retrying in $n s"; sleep "$n"; n=$((n * 2)); done',
    { start: 15 },
  ),
  hung(
    'log-timestamps',
    'repeating',
    [],
    'while :; do echo "$(date "+%a %b %e %H:%M:%S.%N %Z %Y") host app[$RANDOM]: queue is empty"; sleep 0.7; done',
  ),
  hung(
    'log-uuids',
    'repeating',
    [],
    'while :; do echo "$(date -Is) INFO req=$(cat /proc/sys/kernel/random/uuid) health check ok in $((RANDOM % 90)) ms"; sleep 0.7; done',
  ),
  hung(
    'log-ulids',
    'repeating',
    ['python3'],
    python(
      'import random,time\nwhile True:\n  i="".join(random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ",k=26)); print(f"[{i}] lock not acquired, trying again",flush=True); time.sleep(.6)',
    ),
  ),
  hung(
    'log-base64',
    'repeating',
    ['python3'],
    python(
      'import base64,os,time\nwhile True:\n  print("401 Unauthorized, token "+base64.b64encode(os.urandom(24)).decode()+" rejected",flush=True); time.sleep(.6)',
    ),
  ),
  hung(
    'log-addresses',
    'repeating',
    ['python3'],
    python(
      'import random,time\nwhile True:\n  print(f"<Task object at 0x{random.randrange(16**12):012x}> pending from 10.0.{random.randrange(256)}.{random.randrange(256)}:{random.randrange(65536)}",flush=True); time.sleep(.6)',
    ),
  ),
  hung(
    'log-nanoid',
    'repeating',
    ['python3'],
    python(
      'import random,string,time\nwhile True:\n  i="".join(random.choices(string.ascii_letters+string.digits+"_-",k=21)); print(f"job {i}: waiting for a worker",flush=True); time.sleep(.6)',
    ),
  ),
  hung(
    'log-coloured-relative-time',
    'repeating',
    [],
    'n=0; while :; do n=$((n + 1)); printf "\\033[36m[%s]\\033[0m still waiting for lock (%dm %ds, since a minute)\\n" "$(date +%T)" $((n / 60)) $((n % 60)); sleep 0.7; done',
  ),
  hung(
    'elapsed-bar',
    'repeating',
    ['python3'],
    python(
      'import time,sys\nn=0\nwhile True:\n  n+=1; k=n%30; sys.stdout.write("\\r["+"="*k+" "*(30-k)+f"] Elapsed {n//600:02}:{n//10%60:02}"); sys.stdout.flush(); time.sleep(.1)',
    ),
    inPane,
  ),
  hung(
    'spinner-same-percent',
    'repeating',
    ['python3'],
    python(
      'import time,sys\nn=0\nwhile True:\n  n+=1; sys.stdout.write("\\r"+"|/-\\\\"[n%4]+f" Downloading model.bin  37% 412/1113 MB  0.0 MB/s eta {n}s"); sys.stdout.flush(); time.sleep(.1)',
    ),
    inPane,
  ),
  hung(
    'spinner-with-step',
    'repeating',
    ['python3'],
    python(
      'import time,sys,random\nn=0\nwhile True:\n  n+=1; sys.stdout.write("\\r"+"⠋⠙⠹⠸"[n%4]+f" Building image [3/7] {n/10:.1f}s"); sys.stdout.flush(); time.sleep(.1)',
    ),
    inPane,
  ),
  hung(
    'docker-like-stuck',
    'repeating',
    ['python3'],
    python(
      'import time,sys\nn=0\nwhile True:\n  n+=1; sys.stdout.write(f"\\x1b[2A\\x1b[2K => [builder 4/9] RUN npm ci   {n/10:.1f}s\\n\\x1b[2K => => # fetching\\n" if n>1 else "\\n\\n"); sys.stdout.flush(); time.sleep(.1)',
    ),
    inPane,
  ),
  hung(
    'ping-unreachable',
    'repeating',
    ['python3'],
    python(
      'import time\nn=0\nwhile True:\n  n+=1; print(f"From 10.0.0.1 icmp_seq={n} Destination Host Unreachable",flush=True); time.sleep(.5)',
    ),
  ),

  // Work.
  working(
    'tail-f-written',
    [],
    '(exec 3>>log; while :; do echo "$RANDOM line $(tr -dc a-z </dev/urandom | head -c 6)" >&3; sleep 2; done) & touch log; exec tail -f log',
  ),
  working('curl-slow', ['curl'], 'exec curl -s -o x "$ZOO_SERVER/slow"'),
  working('curl-slow-meter', ['curl'], 'exec curl -o x "$ZOO_SERVER/slow"', inPane),
  working('curl-slow-unknown', ['curl'], 'exec curl -s -o x "$ZOO_SERVER/slow-unknown"'),
  working('curl-slow-unknown-meter', ['curl'], 'exec curl -o x "$ZOO_SERVER/slow-unknown"', inPane),
  working('curl-byte', ['curl'], 'exec curl -s "$ZOO_SERVER/byte"'),
  working('curl-bar', ['curl'], 'exec curl -# -o x "$ZOO_SERVER/slow"', inPane),
  working('wget-slow', ['wget'], 'exec wget -O x "$ZOO_SERVER/slow"', inPane),
  working('wget-slow-unknown', ['wget'], 'exec wget -O x "$ZOO_SERVER/slow-unknown"', inPane),
  working('wget-quiet', ['wget'], 'exec wget -q -O x "$ZOO_SERVER/slow"'),
  working(
    'python-urllib',
    ['python3'],
    python(
      'import os,urllib.request as u,shutil; shutil.copyfileobj(u.urlopen(os.environ["ZOO_SERVER"]+"/slow-unknown"),open("x","wb"),500)',
    ),
  ),
  working('rsync-limited', ['rsync'], 'head -c 8000000 /dev/zero >a; exec rsync --bwlimit=100 a b'),
  working('gzip-large', ['gzip'], 'exec nice -n 19 gzip -9 -c </dev/urandom >x', { cores: 1 }),
  working('sha-of-much', ['sha256sum'], 'exec nice -n 19 sha256sum /dev/zero', { cores: 1 }),
  working(
    'gcc-silent-build',
    ['gcc'],
    'for ((i = 0; ; i++)); do for ((j = 0; j < 400; j++)); do echo "int f$((i))_$j(int x) { return x * $j + $i; }"; done >s.c; nice -n 19 gcc -O2 -c s.c -o "o$((i % 5)).o"; done',
    { cores: 0.9 },
  ),
  working(
    'make-with-spinner',
    ['gcc', 'python3'],
    `(while :; do for g in '|' / - '\\'; do printf '\\r%s building' "$g"; sleep 0.2; done; done) & for ((i = 0; ; i++)); do for ((j = 0; j < 400; j++)); do echo "int f$((i))_$j(int x) { return x * $j + $i; }"; done >s.c; nice -n 19 gcc -O2 -c s.c -o "o$((i % 5)).o"; done`,
    { ...inPane, cores: 0.9 },
  ),
  working(
    'training',
    ['python3'],
    `exec nice -n 19 python3 -uc 'import math,time
loss,step,last=4.0,0,time.time()
while True:
  step+=1; loss=loss*0.99999+math.sin(step)*0.001
  if time.time()-last>1.5: last=time.time(); print(f"step {step} | loss {loss:.4f} | lr 3.0e-04 | {step/9:.1f} tok/s")'`,
    { cores: 1 },
  ),
  working(
    'tqdm-without-total',
    ['python3'],
    python(
      'import time,sys\nfor n in range(1000): sys.stdout.write(f"\\r{n}it [00:{n//2:02}, 1.99it/s]"); sys.stdout.flush(); time.sleep(.5)',
    ),
    inPane,
  ),
  working(
    'pip-like-bar',
    ['python3'],
    python(
      'import time,sys\nfor n in range(1000): k=n//20; sys.stdout.write("\\r   "+"\\x1b[32m"+"━"*k+"\\x1b[90m"+"━"*(50-k)+f"\\x1b[0m {n/10:.1f}/100.0 MB 40 kB/s eta 0:0{n%10}:00"); sys.stdout.flush(); time.sleep(.5)',
    ),
    inPane,
  ),
  working(
    'python-tqdm-like',
    ['python3'],
    python(
      'import time,sys\nfor n in range(1000):\n  sys.stdout.write(f"\\r{n/10:3.0f}%|{chr(9608)*(n//25):<40}| {n}/1000 [00:{n//10:02}<01:40, 9.9it/s]"); sys.stdout.flush(); time.sleep(.5)',
    ),
    inPane,
  ),
  working(
    'slow-percent',
    ['python3'],
    python(
      'import time,sys\nfor n in range(100):\n  for k in range(60): sys.stdout.write(f"\\r"+"|/-\\\\"[k%4]+f" copying {n}%"); sys.stdout.flush(); time.sleep(.1)',
    ),
    inPane,
  ),
  working(
    'test-runner',
    ['python3'],
    python(
      'import time,sys,random,string\nwhile True:\n  print("PASS src/"+"".join(random.choices(string.ascii_lowercase,k=8))+".test.ts (0.4 s)",flush=True); time.sleep(2)',
    ),
  ),
  working(
    'rsync-tree',
    ['rsync'],
    'while :; do rm -rf d; nice -n 19 rsync -a --bwlimit=2000 /usr/share/doc/ d/; done',
    { cores: 0.3 },
  ),
  working(
    'count-of-total',
    ['python3'],
    python(
      'import time,os\nn=0\nwhile True:\n  n+=1; print(f"copied {n} of 5000 files",flush=True); time.sleep(1)',
    ),
  ),
  working(
    'sqlite-writes',
    ['sqlite3'],
    'sqlite3 a.db "create table t(x)"; while :; do sqlite3 a.db "insert into t select hex(randomblob(400)) from generate_series(1,200)"; sleep 0.5; done',
    { cores: 0.3 },
  ),
  working(
    'tar-slow',
    ['tar'],
    'while :; do nice -n 19 tar cf - /usr/share/man 2>/dev/null | gzip -9 >x; done',
    { cores: 1 },
  ),

  // Nobody outside can tell, or both words are right.
  either(
    'log-short-ids',
    'hangs',
    ['python3'],
    python(
      'import random,string,time\nwhile True:\n  i="".join(random.choices(string.ascii_lowercase+string.digits,k=5)); print(f"pod web-{random.randrange(16**10):010x}-{i} is not ready, waiting",flush=True); time.sleep(.6)',
    ),
    'short identifiers look like names',
  ),
  either(
    'node-fork-pings',
    'hangs',
    [],
    "echo \"if (process.argv[2]) process.on('message', (m) => process.send({ type: 'pong', m })); else { const c = require('child_process').fork(__filename, ['c']); c.on('message', () => {}); setInterval(() => c.send({ type: 'ping', now: Date.now() }), 1000) }\" >a.cjs; exec node a.cjs",
    'what is read through the channel of fork() is counted nowhere, so it looks like a log',
  ),
  either('top', 'hangs', ['top'], 'exec top', 'it shows other processes for ever, and listens', inPane),
  either('htop', 'hangs', ['htop'], 'exec htop', 'the same', inPane),
  either(
    'spin-and-churn',
    'hangs',
    [],
    `exec nice -n 19 bash -c 'while :; do (:); done'`,
    'a loop that starts processes looks like a silent build',
    { cores: 1 },
  ),
  either(
    'find-over-and-over',
    'works',
    ['find'],
    'while :; do nice -n 19 find / -xdev -name nothing-at-all 2>/dev/null; done',
    'what is in the cache comes from no disk: it looks like an endless loop',
    { cores: 0.8 },
  ),
  either(
    'count-without-total',
    'hangs',
    ['python3'],
    python(
      'import time\nn=0\nwhile True:\n  n+=1; print(f"{n*4096} bytes written",flush=True); time.sleep(.5)',
    ),
    'a counter without a total',
  ),
]
