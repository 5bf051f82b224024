"""TCPServer and UnixStreamServer: binding, listening, and how a connection ends."""

import errno
import os
import socket
import struct

import pytest


def test_clients_connect_from_the_constructor_on(framework, connect):
    """The constructor binds and listens; port 0 has become a number, and fileno() is the socket's."""
    with framework.TCPServer(("127.0.0.1", 0), framework.BaseRequestHandler) as server:
        assert server.server_address == server.socket.getsockname()
        assert server.server_address[1] != 0
        assert server.fileno() == server.socket.fileno()
        client = connect(server)
        server.handle_request()
        assert client.recv(1) == b""


def test_bind_and_activate_false_leaves_both_to_the_caller(framework):
    """The socket is there, unbound; options can be set before server_bind() is called."""
    with framework.TCPServer(("127.0.0.1", 0), None, bind_and_activate=False) as server:
        assert server.socket.getsockname()[1] == 0
        assert server.server_address == ("127.0.0.1", 0)
        server.allow_reuse_address = True
        server.server_bind()
        server.server_activate()
        assert server.server_address[1] != 0
        assert server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@pytest.mark.parametrize("option", ["allow_reuse_address", "allow_reuse_port"])
@pytest.mark.parametrize("base", ["TCPServer", "UDPServer"])
def test_reuse_options_are_off_unless_asked_for(framework, base, option):
    """The class attributes become socket options, and only these."""
    number = {"allow_reuse_address": socket.SO_REUSEADDR, "allow_reuse_port": socket.SO_REUSEPORT}[option]
    for wanted in (False, True):
        cls = type("Server", (getattr(framework, base),), {option: wanted} if wanted else {})
        with cls(("127.0.0.1", 0), None) as server:
            assert bool(server.socket.getsockopt(socket.SOL_SOCKET, number)) == wanted


def test_udp_does_not_inherit_the_options_of_tcp(framework, monkeypatch):
    """A program that turns them on for TCPServer does not turn them on for datagrams."""
    monkeypatch.setattr(framework.TCPServer, "allow_reuse_address", True)
    monkeypatch.setattr(framework.TCPServer, "allow_reuse_port", True)
    assert framework.UnixStreamServer.allow_reuse_address
    assert not framework.UDPServer.allow_reuse_address
    assert not framework.UDPServer.allow_reuse_port


@pytest.mark.parametrize("base", ["TCPServer", "ThreadingTCPServer", "ForkingTCPServer"])
def test_a_failing_constructor_calls_server_close(framework, base):
    """The address is taken: server_close() runs, the mix-ins' too, before the error goes on."""
    closed = []

    class Server(getattr(framework, base)):
        def server_close(self):
            super().server_close()
            closed.append(self.socket.fileno())

    with framework.TCPServer(("127.0.0.1", 0), None) as first, pytest.raises(OSError, match="Address already in use"):
        Server(first.server_address, None)
    assert closed == [-1]


def test_an_error_in_server_close_hides_why_the_constructor_failed(framework):
    """A subclass whose server_close() needs what its constructor has not set yet: the OSError is the context."""

    class Server(framework.TCPServer):
        def server_activate(self):
            raise OSError("the reason")

        def server_close(self):
            super().server_close()
            self.not_yet_there  # noqa: B018

    with pytest.raises(AttributeError, match="not_yet_there") as raised:
        Server(("127.0.0.1", 0), None)
    assert str(raised.value.__context__) == "the reason"


def test_the_client_sees_the_end_although_a_copy_of_the_connection_is_open(framework, connect):
    """shutdown_request() shuts the connection down before it closes: a duplicate does not keep it alive."""
    copies = []

    class Keeping(framework.BaseRequestHandler):
        def handle(self):
            copies.append(self.request.dup())
            self.request.sendall(b"bye")

    with framework.TCPServer(("127.0.0.1", 0), Keeping) as server:
        client = connect(server)
        server.handle_request()
        assert client.recv(10) == b"bye"
        assert client.recv(10) == b""
    copies[0].close()


def test_a_reply_survives_unread_input(framework, connect):
    """With unread bytes close() alone would reset the connection; shutdown_request() lets the reply through first."""

    class Deaf(framework.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"bye")

    with framework.TCPServer(("127.0.0.1", 0), Deaf) as server:
        client = connect(server)
        client.sendall(b"unread")
        server.handle_request()
        assert client.recv(10) == b"bye"
        assert client.recv(10) == b""


def test_a_client_that_is_gone_is_no_error(framework, connect, capsys):
    """shutdown() raises ENOTCONN after a reset; shutdown_request() goes on to close."""
    seen = []

    class Server(framework.TCPServer):
        def close_request(self, request):
            with pytest.raises(OSError, match=os.strerror(errno.ENOTCONN)):
                request.shutdown(socket.SHUT_WR)
            super().close_request(request)
            seen.append(request.fileno())

    with Server(("127.0.0.1", 0), framework.BaseRequestHandler) as server:
        client = connect(server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        server.handle_request()
    assert seen == [-1]
    assert capsys.readouterr().err == ""


def test_the_accepted_socket_has_no_timeout(framework, connect):
    """A timeout on the listener, or on the server, does not reach the connection."""
    seen = []

    class Handler(framework.BaseRequestHandler):
        def handle(self):
            seen.append(self.request.gettimeout())

    with framework.TCPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = 20
        server.socket.settimeout(20)
        connect(server)
        server.handle_request()
    assert seen == [None]


def test_unix_stream(framework, connect, tmp_path, monkeypatch):
    """A Unix client's address is empty, and server_close() leaves the socket's file, so a restart fails."""
    monkeypatch.chdir(tmp_path)  # a Unix address is short
    addresses = []

    class Handler(framework.BaseRequestHandler):
        def handle(self):
            addresses.append(self.client_address)

    with framework.UnixStreamServer("door", Handler) as server:
        client = connect(server)
        server.handle_request()
        assert client.recv(1) == b""
    assert addresses == [""]
    assert (tmp_path / "door").is_socket()
    with pytest.raises(OSError, match="Address already in use"):
        type("Again", (framework.UnixStreamServer,), {"allow_reuse_address": True})("door", Handler)
