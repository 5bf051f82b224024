"""Three servers, one after the other: each is asked to stop in another way, and one of them stops."""

import signal
from contextlib import suppress
from threading import Thread

from tracer.socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer


class DirectServer(TCPServer):
    def stop(self) -> None:
        self.shutdown()


class SignalServer(ThreadingTCPServer):
    def on_signal(self, number: int, frame: object) -> None:
        self.shutdown()


class ThreadServer(TCPServer):
    def stop(self) -> None:
        Thread(target=self.shutdown).start()


class StopHandler(StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.server.stop()


if __name__ == "__main__":
    with DirectServer(("127.0.0.1", 0), StopHandler) as server, suppress(KeyboardInterrupt):
        server.serve_forever()
    with SignalServer(("127.0.0.1", 0), StopHandler) as server, suppress(KeyboardInterrupt):
        signal.signal(signal.SIGUSR1, server.on_signal)
        server.serve_forever()
    with ThreadServer(("127.0.0.1", 0), StopHandler) as server:
        server.serve_forever()
