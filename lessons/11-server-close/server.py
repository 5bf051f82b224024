"""Two servers, each with its loop in a thread: one is stopped and then closed, the other is closed while it serves."""

from threading import Semaphore, Thread

from tracer.socketserver import StreamRequestHandler, TCPServer

served = Semaphore(0)
turns = Semaphore(0)


class EchoHandler(StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(self.rfile.readline())
        served.release()


class EchoServer(TCPServer):
    request_queue_size = 5


class HastyServer(TCPServer):
    def service_actions(self) -> None:
        if self.socket.fileno() == -1:
            turns.release()


if __name__ == "__main__":
    with EchoServer(("127.0.0.1", 0), EchoHandler) as server:
        Thread(target=server.serve_forever).start()
        served.acquire()
        server.shutdown()

    with HastyServer(("127.0.0.1", 0), EchoHandler) as server:
        Thread(target=server.serve_forever).start()
        served.acquire()
    for _ in range(200):
        turns.acquire()
    server.shutdown()
