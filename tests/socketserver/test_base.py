"""BaseServer: both loops, shutdown(), handle_request() and its time limits, without a socket."""

import socket
import threading

import pytest


@pytest.fixture
def scripted(framework, replace_global):
    """scripted(result, ...): a BaseServer on a selector that answers so, and notes its hooks' calls in server.calls.

    A result is ready (True) or not (False), or a function to call at that moment.
    """

    class Server(framework.BaseServer):
        def fileno(self):
            return 0

        def get_request(self):
            self.calls.append("get_request")
            return "request", "client"

        def finish_request(self, request, client_address):
            self.calls.append("finish_request")

        def verify_request(self, request, client_address):
            return self.welcome

        def close_request(self, request):
            self.calls.append("close_request")

        def service_actions(self):
            self.calls.append("service_actions")

        def handle_timeout(self):
            self.calls.append("handle_timeout")
            return "nobody came"

    def make(*script):
        server = Server("nowhere", None)
        server.calls, server.welcome = [], True
        server.socket = socket.socket()
        server.socket.close()
        results = iter(script)

        class Selector:
            def __enter__(self):
                return self

            def __exit__(self, *args):
                server.calls.append("selector closed")

            def register(self, fileobj, events):
                server.calls.append(("register", fileobj is server, events))

            def select(self, timeout=None):
                server.calls.append(("select", timeout))
                result = next(results)
                if callable(result):
                    result = result(server)
                return ["ready"] if result else []

        for function in (framework.BaseServer.serve_forever, framework.BaseServer.handle_request):
            replace_global(function, "_ServerSelector", Selector)
        return server

    return make


REGISTER = ("register", True, 1)


def ask_to_stop(server):
    """shutdown() sets this flag, then waits; here is nobody to wait."""
    server._BaseServer__shutdown_request = True


def test_serve_forever_turn_by_turn(scripted):
    """A turn is select, a request if there is one, service_actions; handle_request's hooks never appear."""
    server = scripted(False, True, ask_to_stop)
    server.timeout = 0
    server.serve_forever(7)
    assert server.calls == [
        REGISTER,
        ("select", 7),
        "service_actions",
        ("select", 7),
        "get_request",
        "finish_request",
        "close_request",
        "service_actions",
        ("select", 7),
        "selector closed",
    ]


def test_a_client_that_comes_with_the_shutdown_is_left_alone(scripted):
    """After select() the flag is looked at before the request: bpo-35017."""
    server = scripted(lambda server: ask_to_stop(server) or True)
    server.serve_forever()
    assert server.calls == [REGISTER, ("select", 0.5), "selector closed"]


def test_any_end_of_the_loop_resets_the_flag_and_says_so(scripted):
    """An exception out of the loop leaves a server that can serve again and does not block shutdown()."""

    def interrupt(server):
        ask_to_stop(server)
        raise KeyboardInterrupt

    server = scripted(interrupt, ask_to_stop)
    with pytest.raises(KeyboardInterrupt):
        server.serve_forever()
    assert server._BaseServer__is_shut_down.is_set()
    assert not server._BaseServer__shutdown_request
    server.serve_forever()
    assert server.calls.count(("select", 0.5)) == 2


def test_a_second_shutdown_leaves_its_flag_behind(scripted):
    """shutdown() after the loop's end returns at once; the next serve_forever() serves nobody, the one after does."""
    server = scripted(ask_to_stop, True, ask_to_stop)
    server.serve_forever()
    server.shutdown()
    server.calls.clear()
    server.serve_forever()
    assert server.calls == [REGISTER, "selector closed"]
    server.serve_forever()
    assert "finish_request" in server.calls


def test_a_second_loop_is_not_shut_down_while_it_runs(scripted):
    """serve_forever() clears what shutdown() waits for, so shutdown() waits for this loop, not for the last one."""
    seen = []

    def note(server):
        seen.append(server._BaseServer__is_shut_down.is_set())
        ask_to_stop(server)

    server = scripted(note, note)
    for _ in range(2):
        server.serve_forever()
        seen.append(server._BaseServer__is_shut_down.is_set())
    assert seen == [False, True, False, True]


def test_shutdown_before_the_first_loop_waits_for_it(scripted):
    """A server that has never served is not "shut down": shutdown() waits until a loop has begun, and ends it."""
    server = scripted()
    begun = threading.Event()
    waiting = server._BaseServer__is_shut_down
    wait, waiting.wait = waiting.wait, lambda: (begun.set(), wait())
    thread = threading.Thread(target=server.shutdown, daemon=True)
    thread.start()
    assert begun.wait(20)
    assert thread.is_alive()
    server.serve_forever()
    thread.join(20)
    assert not thread.is_alive()
    assert server.calls == [REGISTER, "selector closed"]


def test_shutdown_ends_a_loop_in_another_thread_and_leaves_the_socket_listening(framework, connect):
    """shutdown() returns when the loop has ended; clients still connect until server_close()."""
    with framework.TCPServer(("127.0.0.1", 0), framework.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        assert connect(server).recv(1) == b""
        server.shutdown()
        thread.join(20)
        assert not thread.is_alive()
        client = connect(server)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(server)


class ASocketWith:
    """Has a timeout, and nothing else of a socket."""

    def __init__(self, timeout):
        self.timeout = timeout

    def gettimeout(self):
        return self.timeout


@pytest.mark.parametrize(
    ("of_socket", "of_server", "used"),
    [(None, None, None), (None, 5, 5), (3, None, 3), (3, 5, 3), (5, 3, 3), (0, 5, 0)],
)
def test_handle_request_waits_for_the_shorter_timeout(scripted, of_socket, of_server, used):
    """The socket's timeout and the server's both limit the wait; None is no limit."""
    server = scripted(True)
    server.socket, server.timeout = ASocketWith(of_socket), of_server
    assert server.handle_request() is None
    assert server.calls[1] == ("select", used)


def test_handle_request_never_calls_service_actions(scripted):
    """One request, one select, and no service_actions()."""
    server = scripted(True)
    server.handle_request()
    expected = [REGISTER, ("select", None), "get_request", "finish_request", "close_request", "selector closed"]
    assert server.calls == expected


def test_a_refused_request_is_the_one_request(scripted):
    """verify_request() without a true value: shutdown_request() and no more, and handle_request() returns."""
    server = scripted(True)
    server.welcome = None
    server.handle_request()
    assert server.calls == [REGISTER, ("select", None), "get_request", "close_request", "selector closed"]


def test_handle_request_goes_on_waiting_after_an_early_wake_up(scripted):
    """select() with nothing before the time is up: it waits again, for what is left; without a limit, as before."""
    server = scripted(False, False, True)
    server.handle_request()
    assert server.calls[1:4] == [("select", None)] * 3

    server = scripted(False, True)
    server.timeout = 1000
    server.handle_request()
    (_, first), (_, second) = server.calls[1:3]
    assert 0 < second < first == 1000


def test_handle_request_returns_what_handle_timeout_returns(scripted):
    """When the time is up handle_timeout() is called, once."""
    server = scripted(*[False] * 10_000)
    server.timeout = 0
    assert server.handle_request() == "nobody came"
    assert server.calls.count("handle_timeout") == 1


def test_with_calls_server_close_and_no_more(framework):
    """`with` gives the server, and server_close() at its end; an exception goes on."""

    class Server(framework.BaseServer):
        closed = 0

        def server_close(self):
            self.closed += 1

        def shutdown(self):
            raise AssertionError("nobody calls this")

    server = Server(None, None)
    with server as entered:
        assert entered is server
    assert server.closed == 1
    with pytest.raises(ZeroDivisionError), server:
        raise ZeroDivisionError
    assert server.closed == 2


def test_a_base_server_can_be_made_but_cannot_serve(framework):
    """BaseServer is no abstract class; it lacks what the loops ask for."""
    server = framework.BaseServer("anywhere", object)
    assert (server.server_address, server.RequestHandlerClass) == ("anywhere", object)
    server.server_activate()
    server.server_close()
    with pytest.raises(ValueError, match="Invalid file object"):
        server.serve_forever()
    with pytest.raises(AttributeError, match="socket"):
        server.handle_request()


def test_a_closed_server_refuses_a_new_loop(framework):
    """serve_forever() after server_close() raises: the descriptor is -1."""
    server = framework.TCPServer(("127.0.0.1", 0), None)
    server.server_close()
    with pytest.raises(ValueError, match="-1"):
        server.serve_forever()
