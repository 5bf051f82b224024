"""A threading server whose threads begin only when the test says so: starting.py, then a line on standard input for each."""

import os
import socketserver
import sys
import threading


class Line(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


print(os.getpid(), flush=True)
NAME = "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
start = getattr(threading, NAME)


def start_when_told(*args, **kwargs):
    print("about to start", flush=True)
    sys.stdin.readline()
    return start(*args, **kwargs)


setattr(threading, NAME, start_when_told)
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line) as server:
    print(*server.server_address, flush=True)
    server.handle_request()
