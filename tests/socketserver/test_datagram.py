"""UDPServer and UnixDatagramServer: a request is a datagram and the server's own socket."""

import socket


def a_client(family):
    return socket.socket(family, socket.SOCK_DGRAM)


def test_the_request_is_the_packet_and_the_servers_socket(framework):
    """All hooks are called as for a connection; nothing is shut down or closed."""
    seen = []

    class Server(framework.UDPServer):
        def shutdown_request(self, request):
            seen.append("shutdown_request")
            super().shutdown_request(request)

        def close_request(self, request):
            seen.append("close_request")
            super().close_request(request)

    class Handler(framework.BaseRequestHandler):
        def handle(self):
            packet, sock = self.request
            seen.append((packet, sock is self.server.socket, self.client_address))

    with Server(("127.0.0.1", 0), Handler) as server, a_client(socket.AF_INET) as client:
        client.sendto(b"hello", server.server_address)
        server.handle_request()
        assert seen == [
            (b"hello", True, ("127.0.0.1", client.getsockname()[1])),
            "shutdown_request",
            "close_request",
        ]
        assert server.fileno() >= 0
        assert not server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def test_what_exceeds_max_packet_size_is_lost(framework):
    """8192 bytes of 20000 arrive, and no error."""
    sizes = []

    class Handler(framework.BaseRequestHandler):
        def handle(self):
            sizes.append(len(self.request[0]))

    with framework.UDPServer(("127.0.0.1", 0), Handler) as server, a_client(socket.AF_INET) as client:
        for limit in (8192, 65535):
            server.max_packet_size = limit
            client.sendto(bytes(20_000), server.server_address)
            server.handle_request()
    assert sizes == [8192, 20_000]


def test_a_handler_that_sets_a_timeout_sets_the_servers(framework, replace_global):
    """The socket is shared: handle_request() then waits no longer than the handler said."""

    class Hasty(framework.BaseRequestHandler):
        def handle(self):
            self.request[1].settimeout(0.25)

    waits = []

    class Selector(framework._ServerSelector):
        def select(self, timeout=None):
            waits.append(timeout)
            return super().select(timeout)

    replace_global(framework.BaseServer.handle_request, "_ServerSelector", Selector)
    with framework.UDPServer(("127.0.0.1", 0), Hasty) as server, a_client(socket.AF_INET) as client:
        for _ in range(2):
            client.sendto(b"", server.server_address)
            server.handle_request()
    assert waits == [None, 0.25]


def test_an_unbound_unix_client_cannot_be_answered(framework, tmp_path, monkeypatch, capsys):
    """Its address is None: DatagramRequestHandler.finish() raises a TypeError, which handle_error() reports."""
    monkeypatch.chdir(tmp_path)
    handler = framework.DatagramRequestHandler
    with framework.UnixDatagramServer("door", handler) as server, a_client(socket.AF_UNIX) as client:
        client.sendto(b"", "door")
        server.handle_request()
    report = capsys.readouterr().err
    assert "request from None" in report
    assert "TypeError" in report
