"""Children that run hooks flat out, in a sequence that is known, and are killed at a random moment of it.

killed.py FRAMEWORK SEED ROUNDS

Each child does turn after turn (see `expected` in test_kills.py). In each turn's `handle` it leaves the turn's number in memory that
outlives it. In each round eight children are killed and one is let run to turn 60. Prints a line a child: pid, turn, killed or not.
"""

import importlib
import mmap
import os
import random
import signal
import sys
import time

framework = importlib.import_module(sys.argv[1])
rng = random.Random(int(sys.argv[2]))
LAST = 60


class Reporting(framework.BaseRequestHandler):
    def handle(self):
        reached[0] = self.request  # in one instruction: pack_into would pass through 0
        if self.request == 1:
            os.write(ready[1], b".")
        if self.request == LAST and survives:
            os._exit(0)


def make(request, address, server):
    """Not a hook, so everything that it calls is in one batch: up to 17 kB."""
    for _ in range(request % 5 * 30):
        server.shutdown_request(request)
    Reporting(request, address, server)


def fork():
    pid = os.fork()
    if not pid:
        turn = 0
        while True:
            turn += 1
            server.process_request(turn, None)
    return pid


server = framework.UDPServer(("127.0.0.1", 0), make)
for _ in range(int(sys.argv[3])):
    ready = os.pipe()
    children = []
    for survives in [False] * 8 + [True]:
        reached = memoryview(mmap.mmap(-1, 8)).cast("q")
        children.append((fork(), reached, survives))
    os.close(ready[1])
    for _ in children:
        os.read(ready[0], 1)
    os.close(ready[0])
    for pid, reached, survives in children:
        if not survives:
            time.sleep(rng.uniform(0, 0.003))
            os.kill(pid, signal.SIGKILL)
        assert os.waitpid(pid, 0)[1] == (0 if survives else signal.SIGKILL)
        print(pid, reached[0], survives)
server.server_close()
