"""Calls a hook again and again while a signal's handler raises: how many of its exceptions came, and how many times it rang."""

import signal
import socketserver

ROUNDS = 400
rung = caught = 0


def ring(number, frame):
    global rung
    rung += 1
    raise TimeoutError("rung")


server = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
signal.signal(signal.SIGALRM, ring)
while rung < ROUNDS:
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0002)
        while True:
            server.service_actions()
    except TimeoutError:
        caught += 1
signal.setitimer(signal.ITIMER_REAL, 0)
server.server_close()
print(rung, caught)
