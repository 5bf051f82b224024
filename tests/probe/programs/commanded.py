"""A server whose clients tell its handler what to do, a line each.

commanded.py socketserver|tracer.socketserver CLASS [QUEUE]

QUEUE is the length of the listener's queue. SIGALRM ends the loop, as a hook of the program's would.
"""

import importlib
import os
import signal
import sys

framework = importlib.import_module(sys.argv[1])


class Commanded(framework.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().decode().split()
        match words:
            case ["hold"]:
                print("holding", os.getpid(), flush=True)
                self.rfile.read()
            case ["fail"]:
                raise LookupError("no such thing")
            case _:
                self.wfile.write(f"{os.getpid()} {' '.join(words)}".encode())


class Server(getattr(framework, sys.argv[2])):
    request_queue_size = int(sys.argv[3]) if len(sys.argv) > 3 else 50

    def handle_error(self, request, client_address):
        pass


def stop(*_):
    server._BaseServer__shutdown_request = True


with Server(("127.0.0.1", 0), Commanded) as server:
    signal.signal(signal.SIGALRM, stop)
    print(os.getpid())
    print(*server.server_address, flush=True)
    server.serve_forever(0.02)
