"""Servers of one framework, a handler of each: both.py FIRST SECOND imports the frameworks in that order."""

import importlib
import os
import sys

modules = {name: importlib.import_module(name) for name in sys.argv[1:]}


class Mine(modules["tracer.socketserver"].StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


class Other(modules["socketserver"].StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


for handler in (Mine, Other):
    with modules["tracer.socketserver"].TCPServer(("127.0.0.1", 0), handler) as server:
        if handler is Mine:
            print(os.getpid())
        print(*server.server_address, flush=True)
        server.handle_request()
