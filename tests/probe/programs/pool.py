"""A server that hands its requests to a pool of four workers; four are in `handle` at once before any goes on.

pool.py FRAMEWORK TCPServer|UDPServer process_request_thread|finish_request

Each reply names the thread that made it.
"""

import importlib
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

framework = importlib.import_module(sys.argv[1])
plain = getattr(framework, sys.argv[2])
together = threading.Barrier(4)


class StreamNaming(framework.StreamRequestHandler):
    def handle(self):
        together.wait(30)
        self.wfile.write(b"%d" % threading.get_native_id())


class DatagramNaming(framework.DatagramRequestHandler):
    handle = StreamNaming.handle


class Pooled(framework.ThreadingMixIn, plain):
    pool = ThreadPoolExecutor(4)

    def process_request(self, request, client_address):
        self.pool.submit(getattr(self, sys.argv[3]), request, client_address)

    def server_close(self):
        self.pool.shutdown()
        super().server_close()


def finish(self, request, client_address):
    self.finish_request(request, client_address)
    self.shutdown_request(request)


Pooled.whole = finish
with Pooled(("127.0.0.1", 0), StreamNaming if plain is framework.TCPServer else DatagramNaming) as server:
    signal.signal(signal.SIGALRM, lambda *_: setattr(server, "_BaseServer__shutdown_request", True))
    print(os.getpid())
    print(*server.server_address, flush=True)
    server.serve_forever(0.02)
