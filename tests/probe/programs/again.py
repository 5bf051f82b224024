"""A program that begins again once, as reloaders do, and serves one request then.

again.py exec|spawn|fork and exec|shell|fork first FRAMEWORK

With `fork first` an interpreter that knows nothing of the framework forks the one that serves.
"""

import importlib
import os
import subprocess
import sys

if sys.argv[1] == "forking":
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
framework = importlib.import_module(sys.argv[2])


class Handler(framework.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"%d" % os.getpid())


def again(*words):
    return [sys.executable, __file__, words[0], sys.argv[2]]


if sys.argv[1] not in ("served", "forking"):
    print(os.getpid(), flush=True)
match sys.argv[1]:
    case "exec":
        os.execv(sys.executable, again("served"))
    case "spawn":
        sys.exit(subprocess.call(again("served")))
    case "shell":
        sys.exit(subprocess.call(["/bin/sh", "-c", '"$@"; exit $?', "sh", *again("served")]))
    case "fork first":
        sys.exit(subprocess.call(again("forking")))
    case "fork and exec":
        child = os.fork()
        if not child:
            os.execv(sys.executable, again("served"))
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with framework.TCPServer(("127.0.0.1", 0), Handler) as server:
    print(*server.server_address, flush=True)
    server.handle_request()
sys.exit(5)
