"""Servers whose contexts end where no probe sees it: unseen.py threads | worker."""

import os
import signal
import socketserver
import sys
import threading


class Line(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        if line == b"hold\n":
            print("holding", flush=True)
            self.rfile.read()
        self.wfile.write(line.upper())


class OwnThreads(socketserver.TCPServer):
    """It starts its threads itself, as many programs do."""

    def process_request(self, request, client_address):
        threading.Thread(target=self.serve, args=(request, client_address), daemon=True).start()

    def serve(self, request, client_address):
        self.finish_request(request, client_address)
        self.shutdown_request(request)


print(os.getpid(), flush=True)
with OwnThreads(("127.0.0.1", 0), Line) as server:
    print(*server.server_address, flush=True)
    if sys.argv[1] == "threads":
        for _ in range(20):
            server.handle_request()
    else:
        worker = os.fork()
        if not worker:
            socketserver.TCPServer.process_request(server, *server.get_request())
            os._exit(0)
        sys.stdin.readline()
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        print("reaped", flush=True)
    sys.stdin.readline()
