"""A server that serves its first request in a thread, and all others in children. SIGALRM ends its loop."""

import os
import signal
import socketserver


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


class Server(socketserver.ForkingMixIn, socketserver.ThreadingMixIn, socketserver.TCPServer):
    served = 0

    def process_request(self, request, client_address):
        kind = socketserver.ForkingMixIn if self.served else socketserver.ThreadingMixIn
        self.served += 1
        kind.process_request(self, request, client_address)


def stop(*_):
    server._BaseServer__shutdown_request = True


with Server(("127.0.0.1", 0), Handler) as server:
    signal.signal(signal.SIGALRM, stop)
    print(os.getpid())
    print(*server.server_address, flush=True)
    server.serve_forever(0.02)
print("closed")
