"""A server whose handler reads a line: waiting.py CLASS [in-a-thread]. A client's line "stop" has the handler call shutdown().

In a thread, it is shut down and closed after a line of input.
"""

import os
import socketserver
import sys
import threading


class LineHandler(socketserver.StreamRequestHandler):
    def handle(self):
        if self.rfile.readline() == b"stop\n":
            self.server.shutdown()


with getattr(socketserver, sys.argv[1])(("127.0.0.1", 0), LineHandler) as server:
    print(os.getpid())
    print(*server.server_address, flush=True)
    if "in-a-thread" in sys.argv:
        threading.Thread(target=server.serve_forever).start()
        sys.stdin.readline()
        server.shutdown()
        print("closing", flush=True)
    else:
        server.serve_forever()
