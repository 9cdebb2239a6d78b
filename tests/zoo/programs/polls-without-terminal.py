# Waits in poll for a peer; its standard input is the terminal all the same.
import os, pathlib, select, socket

peer, ours = socket.socketpair()
pathlib.Path(os.environ['ZOO_MARK']).touch()
poll = select.poll()
poll.register(ours, select.POLLIN)
poll.poll()
