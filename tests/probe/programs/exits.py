"""A server whose program ends in one of many ways while it serves.

exits.py FRAMEWORK WAY

"waiting": the program sends itself a signal in the loop; the others say where an exception comes from.
"""

import atexit
import importlib
import os
import signal
import socket
import sys
import threading

framework = importlib.import_module(sys.argv[1])
way = sys.argv[2]
print(os.getpid(), flush=True)


class Handler(framework.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())
        if way == "handle quits":
            sys.exit("from handle")
        if way == "handle is killed":
            os.kill(os.getpid(), signal.SIGTERM)
        if way == "handle exits":
            os._exit(7)


class Server(getattr(framework, "ThreadingTCPServer" if way.startswith("thread") else "TCPServer")):
    def server_bind(self):
        if way == "bind fails":
            raise PermissionError("not here")
        super().server_bind()

    def verify_request(self, request, client_address):
        request.recv(1, socket.MSG_PEEK)  # else it may be closed before the client has sent anything
        if way == "verify raises":
            raise ValueError("in verify_request") from KeyError("why")
        return True

    def service_actions(self):
        if way == "thread raises" and self.served.wait(30):
            raise SystemExit
        if way == "actions exit" and self.served.is_set():
            sys.exit(3)
        if way.startswith("SIG") and self.served.is_set():
            os.kill(os.getpid(), getattr(signal, way))

    served = threading.Event()

    def shutdown_request(self, request):
        try:
            super().shutdown_request(request)
            if way == "thread raises":
                raise ArithmeticError("in shutdown_request")
        finally:
            self.served.set()

    def handle_error(self, request, client_address):
        super().handle_error(request, client_address)
        if way == "error raises":
            raise RuntimeError("in handle_error")

    def finish_request(self, request, client_address):
        super().finish_request(request, client_address)
        if way == "error raises":
            raise LookupError("in finish_request")


atexit.register(print, "at the end")
with Server(("127.0.0.1", 0), Handler) as server:
    print("@stream", *server.server_address, flush=True)
    server.serve_forever(0.02)
