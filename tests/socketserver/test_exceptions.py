"""What becomes of an exception, hook by hook: who survives, who is told, what is closed."""

import threading
from collections import Counter

import pytest

SERVER_HOOKS = [
    "get_request",
    "verify_request",
    "process_request",
    "finish_request",
    "shutdown_request",
    "close_request",
    "handle_error",
    "service_actions",
]
HANDLER_HOOKS = ["setup", "handle", "finish"]

# raised in, once            the loop   handle_error  close_request    with threads: the same
MATRIX = {
    "get_request OSError": (("survives", 0, 0), ("survives", 0, 0)),
    "get_request": (("ends", 0, 0), ("ends", 0, 0)),
    "verify_request": (("ends", 0, 0), ("ends", 0, 0)),
    "process_request": (("survives", 1, 1), ("survives", 1, 1)),
    "finish_request": (("survives", 1, 1), ("survives", 1, 1)),
    "setup": (("survives", 1, 1), ("survives", 1, 1)),
    "handle": (("survives", 1, 1), ("survives", 1, 1)),
    "finish": (("survives", 1, 1), ("survives", 1, 1)),
    "shutdown_request": (("survives", 1, 1), ("survives", 0, 0)),
    "close_request": (("survives", 1, 2), ("survives", 0, 1)),
    "handle_error": (("ends", 1, 0), ("survives", 1, 1)),
    "service_actions": (("ends", 0, 1), ("ends", 0, 1)),
    "handle SystemExit": (("ends", 0, 1), ("survives", 0, 1)),
}


def one_turn(framework, connect, base, culprit, error, monkeypatch):
    """Serve one client for one turn of the loop, while `culprit` raises `error` in its first call."""
    calls = Counter()
    requests = []
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def counting(cls, names):
        def counted(name):
            original = getattr(cls, name)

            def hook(self, *args):
                calls[name] += 1
                if name == culprit and calls[name] == 1:
                    raise error
                if name == "handle_error":
                    return None  # the standard one prints
                if name == "handle" and culprit == "handle_error":
                    raise ValueError("something for handle_error")
                result = original(self, *args)
                if name == "get_request":
                    requests.append(result[0])
                if name == "service_actions":
                    self._BaseServer__shutdown_request = True  # one turn is enough
                return result

            return hook

        return type(f"Counting{cls.__name__}", (cls,), {name: counted(name) for name in names})

    handler = counting(framework.BaseRequestHandler, HANDLER_HOOKS)
    server = counting(getattr(framework, base), SERVER_HOOKS)(("127.0.0.1", 0), handler)
    try:
        connect(server)
        try:
            server.serve_forever(20)
            end = "survives"
        except type(error):
            end = "ends"
    finally:
        server.server_close()
        for request in requests:  # those that nobody has closed
            request.close()
    return end, calls["handle_error"], calls["close_request"]


@pytest.mark.parametrize(("base", "column"), [("TCPServer", 0), ("ThreadingTCPServer", 1)])
@pytest.mark.parametrize("row", MATRIX)
def test_matrix(framework, connect, monkeypatch, row, base, column):
    """An exception in a hook ends the loop or does not, is reported or is not, and the request is closed or leaks."""
    culprit, _, kind = row.partition(" ")
    error = {"OSError": OSError, "SystemExit": SystemExit, "": RuntimeError}[kind]("raised on purpose")
    assert one_turn(framework, connect, base, culprit, error, monkeypatch) == MATRIX[row][column]


def test_handle_error_prints_the_traceback_between_two_rules(framework, connect, capsys):
    """The default report goes to standard error, names the client and is framed by forty dashes."""

    class Failing(framework.BaseRequestHandler):
        def handle(self):
            raise ZeroDivisionError("on purpose")

    with framework.TCPServer(("127.0.0.1", 0), Failing) as server:
        client = connect(server)
        server.handle_request()
        assert client.recv(1) == b""
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == lines[-1] == "-" * 40
    assert lines[1] == f"Exception occurred during processing of request from {client.getsockname()}"
    assert lines[2] == "Traceback (most recent call last):"
    assert lines[-2] == "ZeroDivisionError: on purpose"


@pytest.mark.parametrize("wrong", ["an instance", "a class with another constructor"])
def test_a_wrong_handler_class_is_found_at_the_first_request(framework, connect, capsys, wrong):
    """The constructor takes anything as RequestHandlerClass; the error comes with each request, and is survived."""
    handler = object() if wrong == "an instance" else type("Handler", (), {})
    with framework.TCPServer(("127.0.0.1", 0), handler) as server:
        client = connect(server)
        server.handle_request()
        assert client.recv(1) == b""
    assert "TypeError" in capsys.readouterr().err
