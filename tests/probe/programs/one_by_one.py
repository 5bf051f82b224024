"""A forking server that takes its clients by handle_request, one a call: it never collects its children.

one_by_one.py FRAMEWORK
"""

import importlib
import os
import sys

framework = importlib.import_module(sys.argv[1])


class Echo(framework.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


with framework.ForkingTCPServer(("127.0.0.1", 0), Echo) as server:
    print(os.getpid())
    print(*server.server_address, flush=True)
    while True:
        server.handle_request()
