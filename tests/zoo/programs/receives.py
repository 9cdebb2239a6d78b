# Receives an answer in silence, with recv: the kernel counts that in no file of /proc.
import os, socket, urllib.parse

server = urllib.parse.urlparse(os.environ['ZOO_SERVER'])
peer = socket.create_connection((server.hostname, server.port))
peer.sendall(b'GET /drip HTTP/1.1\r\nHost: zoo\r\n\r\n')
while peer.recv(65536):
    pass
