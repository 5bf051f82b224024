"""Prints the signals that it gets; SIGTERM ends it with status 9. A hook is called, and then nothing more."""

import os
import signal
import sys
from socketserver import BaseRequestHandler, TCPServer


def got(number, frame):
    os.write(1, f"{signal.Signals(number).name}\n".encode())  # print must not be entered twice
    if number == signal.SIGTERM:
        sys.exit(9)


for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT):
    signal.signal(number, got)
TCPServer(("127.0.0.1", 0), BaseRequestHandler).server_close()
os.write(1, b"%d\n" % os.getpid())
while True:
    signal.pause()
