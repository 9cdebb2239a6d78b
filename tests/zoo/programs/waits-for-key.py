# Waits for a key, not in a read: a read-eval-print loop, an editor. Argument: select, poll, epoll or thread.
import os, pathlib, select, sys, termios, threading, time, tty

tty.setcbreak(0)
print('>>> ', end='', flush=True)
pathlib.Path(os.environ['ZOO_MARK']).touch()
how = sys.argv[1]
if how == 'select':
    select.select([0], [], [])
elif how == 'poll':
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.poll()
elif how == 'epoll':
    epoll = select.epoll()
    epoll.register(os.open('/dev/tty', os.O_RDONLY), select.EPOLLIN)
    epoll.poll()
else:
    threading.Thread(target=lambda: os.read(0, 1), daemon=True).start()
    time.sleep(300)
