"""Two servers with a thread for each connection: one forgets its threads, the other waits for them."""

from contextlib import suppress

from tracer.socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class DaemonServer(ThreadingMixIn, TCPServer):
    daemon_threads = True


class JoiningServer(ThreadingMixIn, TCPServer):
    pass


if __name__ == "__main__":
    for kind in (DaemonServer, JoiningServer):
        with kind(("127.0.0.1", 0), EchoHandler) as server, suppress(KeyboardInterrupt):
            server.serve_forever()
