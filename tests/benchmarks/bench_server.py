"""What `tracer record` costs: server CPU per request, traced / untraced.

    python tests/benchmarks/bench_server.py [--slices N] [CLASS …]

For each server class three servers run at the same time: two untraced (their ratio is the noise, A/A) and one under `tracer record`.
Each round gives each of them, in shuffled order, one slice of requests, eight in flight, and reads the CPU that the server and its
children used for it. The ratio is taken within the round, so a machine that changes its speed changes both; printed are the median
and the quartiles over all rounds. The recorder's own CPU is another process's and is not in it.
"""

import argparse
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
IN_FLIGHT = 8
#: class -> requests a slice, and the most we want to see (http.server's are reported only).
CLASSES: dict[str, tuple[int, float | None]] = {
    "TCPServer": (600, 1.50),
    "UnixStreamServer": (600, 1.9),
    "UDPServer": (1200, 2.3),
    "ThreadingTCPServer": (240, 1.3),
    "ForkingTCPServer": (64, 1.35),
    "HTTPServer": (240, None),
    "ThreadingHTTPServer": (160, None),
    "HTTPServer-keep-alive": (800, None),
}
REQUEST = b"GET /page?number=%d HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n%s\r\n"


class Traffic:
    """What a connection carries: bytes to send, and how many requests that is."""

    def __init__(self, name: str) -> None:
        self.requests = 10 if "keep-alive" in name else 1
        self.is_http = "HTTP" in name
        self.sent = b"hello\n"
        if self.is_http:
            last = self.requests - 1
            self.sent = b"".join(REQUEST % (n, b"Connection: close\r\n" * (n == last)) for n in range(self.requests))

    def check(self, client: socket.socket) -> None:
        """Read the reply."""
        if not self.is_http:
            assert client.recv(100) == b"hello\n"
            return
        reply = b""
        while piece := client.recv(4096):
            reply += piece
        assert reply.count(b" 200 OK\r\n") == self.requests


class Server:
    def __init__(self, name: str, traced: bool, folder: str) -> None:
        self.name = name
        command = [sys.executable, str(HERE / "target.py"), name]
        if traced:
            command[1:1] = ["-m", "tracer", "record", "--limit", "4000", "-o", f"{folder}/{name}.tracer"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        self.address = ("127.0.0.1", int(line)) if line.isdigit() else line
        self.family = socket.AF_INET if line.isdigit() else socket.AF_UNIX
        self.kind = socket.SOCK_DGRAM if "UDP" in name else socket.SOCK_STREAM
        self.traffic = Traffic(name)

    def cpu(self) -> float:
        """CPU seconds so far. The supervisor passes the signal on."""
        self.process.send_signal(signal.SIGUSR1)
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def serve(self, requests: int) -> float:
        """CPU seconds for this many requests."""
        before = self.cpu()
        for _ in range(requests // IN_FLIGHT // self.traffic.requests):
            clients = [socket.socket(self.family, self.kind) for _ in range(IN_FLIGHT)]
            for client in clients:
                client.settimeout(20)
                client.connect(self.address)
                client.send(self.traffic.sent)
            for client in clients:
                self.traffic.check(client)
                client.close()
        self.settle()
        return self.cpu() - before

    def settle(self) -> None:
        """Until every child was reaped: one more request makes the loop turn."""
        if "Forking" in self.name:
            for _ in range(3):
                with socket.create_connection(self.address) as client:
                    client.sendall(b"hello\n")
                    client.recv(100)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def measure(name: str, requests: int, slices: int, folder: str) -> dict[str, list[float]]:
    servers = {"plain": Server(name, False, folder), "again": Server(name, False, folder), "traced": Server(name, True, folder)}
    try:
        for server in servers.values():
            server.serve(requests)
        rounds = []
        for _ in range(slices):
            order = list(servers)
            random.shuffle(order)
            rounds.append({which: servers[which].serve(requests) for which in order})
    finally:
        for server in servers.values():
            server.end()
    return {
        "A/A": [one["again"] / one["plain"] for one in rounds],
        "traced": [one["traced"] / one["plain"] for one in rounds],
        "us": [one["plain"] / requests * 1e6 for one in rounds],
        "added": [(one["traced"] - one["plain"]) / requests * 1e6 for one in rounds],
    }


def spread(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:6.2f} [{low:.2f}..{high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("classes", nargs="*", default=list(CLASSES))
    parser.add_argument("--slices", type=int, default=60)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(HERE.parent.parent)
    print(f"Python {sys.version.split()[0]}, {options.slices} slices; server CPU per request, median [quartiles]")
    for name in options.classes:
        requests, most = CLASSES[name]
        with tempfile.TemporaryDirectory() as folder:
            found = measure(name, requests, options.slices, folder)
        print(
            f"{name:21} traced {spread(found['traced'])} {f'(at most {most})' if most else ''}   A/A {spread(found['A/A'])}   "
            f"untraced {statistics.median(found['us']):.1f} us, +{statistics.median(found['added']):.1f} us",
            flush=True,
        )


if __name__ == "__main__":
    main()
