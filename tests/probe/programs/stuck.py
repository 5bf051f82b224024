"""A server of one thread, that stays in its first client's handler until that leaves; two may wait, and one more.

stuck.py FRAMEWORK TCPServer | UnixStreamServer PATH
"""

import importlib
import os
import sys

framework = importlib.import_module(sys.argv[1])


class Reader(framework.StreamRequestHandler):
    def handle(self):
        print("stuck", flush=True)
        self.rfile.read()


class Server(getattr(framework, sys.argv[2])):
    request_queue_size = 2


with Server(sys.argv[3] if len(sys.argv) > 3 else ("127.0.0.1", 0), Reader) as server:
    print(os.getpid())
    print(*(server.server_address if len(sys.argv) == 3 else (server.server_address, 0)), flush=True)
    server.serve_forever(0.02)
