"""A threading server in a process that has forked, with a hook at fork that forks once more. It prints its pid and its address."""

import os

forked = False


def fork_once_more():
    global forked
    if not forked:
        forked = True
        fork()


def fork():
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


os.register_at_fork(before=fork_once_more)  # before the framework, and so the tracer, comes: its own hook at fork is around ours

import socketserver  # noqa: E402


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
    fork()
    print(os.getpid(), flush=True)
    print(*server.server_address, flush=True)
    server.handle_request()
