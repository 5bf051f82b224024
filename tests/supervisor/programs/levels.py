"""A server whose hooks stand on levels of super(): levels.py FRAMEWORK CLASS REQUESTS. It serves so many, and closes.

A client that says "fail" makes the innermost handle raise.
"""

import importlib
import os
import sys

framework = importlib.import_module(sys.argv[1])


class Lower(framework.StreamRequestHandler):
    def setup(self):
        super().setup()

    def handle(self):
        line = self.rfile.readline()
        if line == b"fail\n":
            raise LookupError("no such thing")
        self.wfile.write(line.upper())

    def finish(self):
        super().finish()


class Upper(Lower):
    def setup(self):
        super().setup()

    def handle(self):
        super().handle()

    def finish(self):
        super().finish()


class Closing:
    def server_close(self):
        super().server_close()


class Server(Closing, getattr(framework, sys.argv[2])):
    def handle_error(self, request, client_address):
        pass


print(os.getpid())
with Server(("127.0.0.1", 0), Upper) as server:
    print(*server.server_address, flush=True)
    for _ in range(int(sys.argv[3])):
        server.handle_request()
