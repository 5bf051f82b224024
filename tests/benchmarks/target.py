"""An echo server, or one that speaks HTTP, to measure: `python target.py CLASS`.

On SIGUSR1 it prints the CPU seconds that it and its children have used.
"""

import http.server
import os
import resource
import signal
import socket
import socketserver
import sys
import tempfile


class Line(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


class Datagram(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read())


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")


def tell(number, frame):
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    os.write(1, f"{used}\n".encode())


signal.signal(signal.SIGUSR1, tell)
name, _, keep_alive = sys.argv[1].partition("-")
base = getattr(socketserver, name, None) or getattr(http.server, name)
Page.protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"
address = os.path.join(tempfile.mkdtemp(), "socket") if "Unix" in sys.argv[1] else ("127.0.0.1", 0)


class Server(base):
    request_queue_size = 64


stream = Page if issubclass(base, http.server.HTTPServer) else Line
with Server(address, stream if base.socket_type == socket.SOCK_STREAM else Datagram) as server:
    print(server.server_address if isinstance(server.server_address, str) else server.server_address[1], flush=True)
    server.serve_forever()
