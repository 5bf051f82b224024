"""Two servers, each with a thread for its loop, and one that never serves."""

import http.server
import socketserver
import threading


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a page\n")

    def log_message(self, *words):
        pass


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class PageServer(http.server.HTTPServer):
    pass


class SpareServer(socketserver.TCPServer):
    pass


echo, pages, spare = EchoServer(("127.0.0.1", 0), Echo), PageServer(("127.0.0.1", 0), Page), SpareServer(("127.0.0.1", 0), Echo)
loops = [threading.Thread(target=server.serve_forever, name=type(server).__name__) for server in (echo, pages)]
for loop in loops:
    loop.start()
print("echo on {}:{}".format(*echo.server_address))
print("pages on {}:{}".format(*pages.server_address), flush=True)
for loop in loops:
    loop.join()
