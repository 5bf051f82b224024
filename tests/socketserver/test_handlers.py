"""The request handlers: the order of their hooks, and the files they offer. No server is needed to build one."""

import io
import socket

import pytest


@pytest.fixture
def pair():
    """The two ends of a connection: the server's and the client's."""
    ends = socket.socketpair()
    for end in ends:
        end.settimeout(20)
    yield ends
    for end in ends:
        end.close()


@pytest.mark.parametrize(
    ("failing", "ran"),
    [
        (set(), ["setup", "handle", "finish"]),
        ({"setup"}, ["setup"]),
        ({"handle"}, ["setup", "handle", "finish"]),
        ({"handle", "finish"}, ["setup", "handle", "finish"]),
    ],
)
def test_hooks_run_in_the_constructor(framework, failing, ran):
    """setup() alone is outside the try; finish() runs after a failed handle(), and its own error hides handle()'s."""
    calls = []

    def hook(name):
        def call(self):
            calls.append(name)
            assert (self.request, self.client_address, self.server) == (1, 2, 3)
            if name in failing:
                raise LookupError(name)

        return call

    handler = type("Handler", (framework.BaseRequestHandler,), {n: hook(n) for n in ("setup", "handle", "finish")})
    if failing:
        with pytest.raises(LookupError, match=ran[-1] if ran[-1] in failing else "handle") as raised:
            handler(1, 2, 3)
        assert len(failing) == 1 or str(raised.value.__context__) == "handle"
    else:
        handler(1, 2, 3)
    assert calls == ran


def test_stream_handler_reads_and_writes(framework, pair):
    """rfile and wfile are the connection; what was written is sent at once, and both files are closed at the end."""
    here, there = pair
    there.sendall(b"one\ntwo\n")

    class Handler(framework.StreamRequestHandler):
        def handle(self):
            assert self.connection is self.request is here
            assert self.wfile.writable()
            assert self.wfile.fileno() == here.fileno()
            assert isinstance(self.wfile, io.BufferedIOBase)
            assert self.wfile.write(memoryview(b"abcd").cast("I")) == 4
            assert there.recv(10) == b"abcd"
            self.lines = [self.rfile.readline(), self.rfile.readline()]

    handler = Handler(here, None, None)
    assert handler.lines == [b"one\n", b"two\n"]
    assert handler.rfile.closed
    assert handler.wfile.closed
    assert here.fileno() >= 0  # the connection is the server's to close


def test_stream_handler_with_a_buffer_sends_at_the_end(framework, pair):
    """With wbufsize nothing leaves before flush(); finish() sends the rest."""
    here, there = pair

    class Handler(framework.StreamRequestHandler):
        wbufsize = -1

        def handle(self):
            self.wfile.write(b"later")
            there.setblocking(False)
            with pytest.raises(BlockingIOError):
                there.recv(10)
            there.setblocking(True)

    Handler(here, None, None)
    assert there.recv(10) == b"later"


def test_stream_handler_timeout_frees_it_from_a_silent_client(framework, pair):
    """`timeout` is set on the connection, so reading raises TimeoutError."""
    here, _ = pair

    class Handler(framework.StreamRequestHandler):
        timeout = 0.01

        def handle(self):
            self.rfile.readline()

    with pytest.raises(TimeoutError):
        Handler(here, None, None)
    assert here.gettimeout() == 0.01


def test_stream_handler_can_disable_nagles_algorithm(framework, connect):
    """disable_nagle_algorithm becomes TCP_NODELAY; the default leaves it alone."""
    seen = []

    class Handler(framework.StreamRequestHandler):
        def handle(self):
            seen.append(bool(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))

    with framework.TCPServer(("127.0.0.1", 0), Handler) as server:
        for wanted in (False, True):
            Handler.disable_nagle_algorithm = wanted
            connect(server)
            server.handle_request()
    assert seen == [False, True]


def test_stream_handler_finish_and_a_client_that_is_gone(framework, pair):
    """flush()'s error is passed over, close()'s is not, and rfile stays open."""
    here, there = pair
    kept = []

    class Handler(framework.StreamRequestHandler):
        wbufsize = -1

        def handle(self):
            kept.append(self)
            self.wfile.write(b"to nobody")
            there.close()

    with pytest.raises(BrokenPipeError):
        Handler(here, None, None)
    assert not kept[0].rfile.closed
    kept[0].rfile.close()
    kept[0].wfile = None


def test_stream_handler_passes_over_an_error_of_flush(framework, pair):
    """finish() goes on to close both files."""

    class Unsendable(io.BytesIO):
        def flush(self):
            raise ConnectionAbortedError

    class Handler(framework.StreamRequestHandler):
        def handle(self):
            self.wfile = Unsendable()

    handler = Handler(pair[0], None, None)
    assert handler.wfile.closed
    assert handler.rfile.closed


def test_stream_handler_may_close_wfile_itself(framework, pair):
    """finish() does not flush a file that is closed."""

    class Handler(framework.StreamRequestHandler):
        wbufsize = -1

        def handle(self):
            self.wfile.write(b"done")
            self.wfile.close()

    Handler(pair[0], None, None)
    assert pair[1].recv(10) == b"done"


@pytest.mark.parametrize("fails", [False, True])
def test_datagram_handler_always_replies(framework, fails):
    """What was written is one datagram, sent when handle() ends, also by an exception; nothing written sends b''."""
    sent = []

    class Sock:
        def sendto(self, data, address):
            sent.append((data, address))

    class Handler(framework.DatagramRequestHandler):
        def handle(self):
            assert self.packet == self.rfile.read() == b"question"
            if fails:
                self.wfile.write(b"half")
                raise LookupError

    if fails:
        with pytest.raises(LookupError):
            Handler((b"question", Sock()), "client", None)
    else:
        Handler((b"question", Sock()), "client", None)
    assert sent == [(b"half" if fails else b"", "client")]
