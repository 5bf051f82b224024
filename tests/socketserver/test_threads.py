"""ThreadingMixIn: where the hooks run, what server_close() waits for, and what happens when no thread can start."""

import threading

import pytest


@pytest.fixture
def gate():
    """A handler waits at the gate until the test opens it; the end of the test opens it too."""
    opened = threading.Event()
    yield opened
    opened.set()


def serving(framework, gate, **attributes):
    """A ThreadingTCPServer whose handlers wait at the gate."""

    class Waiting(framework.BaseRequestHandler):
        def handle(self):
            assert gate.wait(20)

    cls = type("Server", (framework.ThreadingTCPServer,), attributes)
    return cls(("127.0.0.1", 0), Waiting)


def test_the_work_runs_in_a_thread_of_its_own(framework, connect):
    """get_request, verify_request and process_request run in the loop's thread, the rest in the request's."""
    where = {}

    def noting(name):
        def hook(self, *args):
            where[name] = threading.current_thread()
            return getattr(framework.ThreadingTCPServer, name)(self, *args)

        return hook

    loop = ["get_request", "verify_request", "process_request"]
    work = ["process_request_thread", "finish_request", "shutdown_request", "close_request"]
    cls = type("Server", (framework.ThreadingTCPServer,), {name: noting(name) for name in loop + work})
    with cls(("127.0.0.1", 0), framework.BaseRequestHandler) as server:
        client = connect(server)
        server.handle_request()
        assert client.recv(1) == b""
    assert {where[name] for name in loop} == {threading.current_thread()}
    assert len({where[name] for name in work}) == 1
    assert where["finish_request"] not in (threading.current_thread(), None)


def test_server_close_waits_for_the_threads(framework, connect, gate):
    """The socket is closed first, then every thread is joined, in the order of their requests, and forgotten."""
    server = serving(framework, gate)
    for _ in range(3):
        connect(server)
        server.handle_request()
    started = list(server._threads)
    assert len(started) == 3
    assert not any(thread.daemon for thread in started)

    def join(thread):
        joined.append((thread, server.fileno()))
        gate.set()
        threading.Thread.join(thread, 20)

    joined = []
    for thread in started:
        thread.join = lambda thread=thread: join(thread)
    server.server_close()
    assert joined == [(thread, -1) for thread in started]
    assert len(server._threads) == 0
    assert not any(thread.is_alive() for thread in started)


@pytest.mark.parametrize("attributes", [{"daemon_threads": True}, {"block_on_close": False}])
def test_server_close_need_not_wait(framework, connect, gate, attributes):
    """Daemon threads are not kept; without block_on_close no thread is, and the server has no list of its own."""
    before = set(threading.enumerate())
    with serving(framework, gate, **attributes) as server:
        connect(server)
        server.handle_request()
        (thread,) = set(threading.enumerate()) - before
        assert thread.daemon == server.daemon_threads
        assert not list(getattr(server, "_threads", [])) if server.daemon_threads else "_threads" not in vars(server)
    assert thread.is_alive()
    gate.set()
    thread.join(20)


def test_threads_that_have_ended_are_let_go_at_the_next_request(framework, connect, gate):
    """The list does not grow with the requests served: bpo-37193."""
    gate.set()
    with serving(framework, gate) as server:
        for _ in range(5):
            connect(server)
            server.handle_request()
            (thread,) = server._threads
            thread.join(20)
        assert list(server._threads) == [thread]


def test_a_server_that_has_served_nobody_can_be_closed(framework, gate):
    """Until the first request what stands for the list is shared by all servers and keeps nothing."""
    server = serving(framework, gate)
    assert "_threads" not in vars(server)
    server.server_close()


def test_a_thread_that_cannot_start(framework, connect, gate, replace_global, capsys):
    """The loop's thread reports it and closes the request; the unstarted thread is on the list all the same."""

    class Unstartable(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    class Threading:
        Thread = Unstartable

    server = serving(framework, gate)
    replace_global(framework.ThreadingMixIn.process_request, "threading", Threading)
    client = connect(server)
    server.handle_request()
    assert client.recv(1) == b""
    assert "can't start new thread" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="cannot join thread before it is started"):
        server.server_close()


def test_the_mix_in_comes_first(framework):
    """In the wrong order nothing fails, and BaseServer's process_request serves without threads."""
    wrong = type("Wrong", (framework.TCPServer, framework.ThreadingMixIn), {})
    assert wrong.process_request is framework.BaseServer.process_request
    assert framework.ThreadingTCPServer.process_request is framework.ThreadingMixIn.process_request


def test_a_handler_in_a_thread_may_call_shutdown(framework, connect):
    """It waits for the loop, which is in another thread; and serve_forever() does not wait for the handler."""

    class Last(framework.BaseRequestHandler):
        def handle(self):
            self.server.shutdown()
            self.request.sendall(b"down")

    with framework.ThreadingTCPServer(("127.0.0.1", 0), Last) as server:
        client = connect(server)
        server.serve_forever(0.01)
        assert client.recv(10) == b"down"
