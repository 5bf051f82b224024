"""A forking server that takes its clients by handle_request, one a call: it never collects its children."""

import socketserver


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


with socketserver.ForkingTCPServer(("127.0.0.1", 0), Echo) as server:
    print("listening on {}:{}".format(*server.server_address), flush=True)
    while True:
        server.handle_request()
