"""A program that ends in one of many ways: stopping.py WAY."""

import sys

way = sys.argv[1]
if way == "before":
    raise ImportError("in the first line")

import os  # noqa: E402
import resource  # noqa: E402
import signal  # noqa: E402
import socketserver  # noqa: E402
import subprocess  # noqa: E402
import threading  # noqa: E402

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if way == "import":
    import no_such_module  # noqa: F401


class Server(socketserver.ThreadingTCPServer):
    def service_actions(self):
        serving.set()
        if way == "interrupt":
            signal.raise_signal(signal.SIGINT)  # here, so that its traceback is always the same


def soon(function, *arguments):
    """Call it in another thread as soon as the server is in its loop."""
    threading.Thread(target=lambda: serving.wait() and function(*arguments)).start()


serving = threading.Event()
with Server(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
    print("ready", flush=True)
    match way:
        case "thread":
            soon(sys.exit, 3)
            soon(server.shutdown)
        case "_exit":
            soon(os._exit, 5)
        case "exit":
            sys.exit("a last word")
        case "raise":
            raise LookupError("here") from ValueError("why")
        case "interrupt":
            pass  # see service_actions
        case "leave":
            quiet = subprocess.DEVNULL
            print(subprocess.Popen(["sleep", "60"], stdin=quiet, stdout=quiet, stderr=quiet).pid)
            sys.exit()
        case _:
            soon(signal.raise_signal, signal.Signals[way])
    server.serve_forever(0.01)
