"""Servers in processes of multiprocessing, and what a program can see of itself there: workers.py METHOD [PRELOADED]."""

import multiprocessing
import os
import socketserver
import sys


class Note:
    def __init__(self, text):
        self.text = text


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


def look():
    """What this process knows of itself; of its paths those that are its program's."""
    main = sys.modules["__main__"]
    paths = [path for path in sys.path if not path.startswith(sys.base_prefix)]
    customized = [name for name in ("sitecustomize", "usercustomize") if name in sys.modules]
    files = [sys.modules[name].__file__ for name in customized]
    return [__name__, main.__name__, main.__file__, getattr(main.__spec__, "name", None), sys.argv, paths, sys.customized, files]


def serve(note, channel):
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        channel.send((note, look(), server.server_address[1], os.getppid()))
        server.handle_request()


if __name__ == "__main__":
    print("main", *look())
    context = multiprocessing.get_context(sys.argv[1])
    context.set_forkserver_preload(sys.argv[2:])
    for number in range(2):
        ours, theirs = context.Pipe()
        worker = context.Process(target=serve, args=(Note(f"note {number}"), theirs))
        worker.start()
        note, seen, port, parent = ours.recv()
        print("worker", type(note) is Note, note.text, parent == os.getpid(), *seen)
        print("port", port)
        worker.join()
        print("ended", worker.exitcode)
