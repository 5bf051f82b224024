"""What is said of one call, at several times: of real runs on both frameworks, and of recordings made by hand."""

import subprocess
from textwrap import dedent

import pytest

from tests.probe.kit import environment, read, recording
from tests.timeline.test_holds import in_handle
from tracer.timeline.describe import describe

PROGRAM = """
    import socket, threading
    from FRAMEWORK import ForkingMixIn, StreamRequestHandler, TCPServer, ThreadingMixIn

    class Plain:
        pass

    class Echo(StreamRequestHandler):
        def setup(self):
            super().setup()

        def handle(self):
            line = self.rfile.readline()
            if line == b"fail\\n":
                1 / 0
            self.wfile.write(line)

    class Odd(Echo):
        def __init__(self, request, client_address, server):
            self.request = request
            self.setup()
            self.finish()

    class Server(MIXIN, TCPServer):
        count = 0

        def verify_request(self, request, client_address):
            self.count += 1
            return self.count != 2 and super().verify_request(request, client_address)

        def shutdown_request(self, request):
            if self.count > 100:
                super().shutdown_request(request)
            else:
                super().shutdown_request(request)

    def run(handler, lines):
        with Server(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            for line in lines:
                with socket.create_connection(server.server_address, timeout=10) as client:
                    try:
                        client.sendall(line)
                        client.recv(100)
                    except OSError:
                        pass
            server.shutdown()
            thread.join()

    run(Echo, [b"one\\n", b"two\\n", b"fail\\n"])
    run(Odd, [b"odd\\n"])
"""


@pytest.fixture(scope="module", params=["socketserver", "tracer.socketserver"])
def framework(request):
    return request.param


def ran(folder, framework, mixin):
    """The program has run on that framework, with that mix-in: its recording."""
    program, path = folder / "program.py", folder / f"{mixin}.tracer"
    program.write_text(dedent(PROGRAM).replace("FRAMEWORK", framework).replace("MIXIN", mixin), encoding="utf-8")
    subprocess.run(recording(path, program), check=True, capture_output=True, timeout=60, env=environment())
    return read(path)


@pytest.fixture(scope="module")
def plain(framework, tmp_path_factory):
    return ran(tmp_path_factory.mktemp("plain"), framework, "Plain")


@pytest.fixture(scope="module")
def forking(framework, tmp_path_factory):
    return ran(tmp_path_factory.mktemp("forking"), framework, "ForkingMixIn")


@pytest.fixture(scope="module")
def threading(framework, tmp_path_factory):
    return ran(tmp_path_factory.mktemp("threading"), framework, "ThreadingMixIn")


def calls(timeline, hook, owner=""):
    """The (context, span) of every call of a hook, in the order of their begin."""
    found = []
    for context in timeline.ordered.items:
        for span in range(context.spans):
            code = timeline.code(timeline.spans.code(context, span))
            if code.hook == hook and code.owner == (owner or code.owner):
                found.append((timeline.spans.begin(context, span), context.id, span))
    return [(context, span) for _, context, span in sorted(found)]


def described(timeline, hook, owner="", number=0, t=None):
    """What is said at `t`, or when all is over, of one of these calls."""
    return describe(timeline, *calls(timeline, hook, owner)[number], timeline.newest if t is None else t)


def fields(description):
    return {field.name: field.words for field in description.fields}


def from_lines(description):
    """Who has called it, the nearest first: function, how many lines, and their text."""
    return [(place.function, len(place.lines), place.text[0]) for place in description.callers]


# ---- source


def test_a_handlers_hook_is_called_by_the_constructor_that_finish_request_calls(plain):
    assert from_lines(described(plain, "handle")) == [
        ("BaseRequestHandler.__init__", 1, "self.handle()"),
        ("BaseServer.finish_request", 1, "self.RequestHandlerClass(request, client_address, self)"),
    ]
    assert fields(described(plain, "handle"))["caller"].startswith("finish_request (BaseServer), ")
    assert "; through BaseRequestHandler.__init__, " in fields(described(plain, "handle"))["caller"]


def test_who_calls_is_not_said_of_a_handler_whose_constructor_calls_the_hooks_itself(plain):
    last = described(plain, "setup", "Echo", -1)  # of Odd
    assert from_lines(last) == [("BaseServer.finish_request", 1, "self.RequestHandlerClass(request, client_address, self)")]


def test_the_line_of_a_call_is_decided_by_what_came_before(plain):
    refused = described(plain, "shutdown_request", "Server", 1)
    (place,) = refused.callers
    assert (place.function, place.text) == ("BaseServer._handle_request_noblock", ("self.shutdown_request(request)",))
    failed = described(plain, "shutdown_request", "Server", 2)
    (other,) = failed.callers
    assert place.function == other.function
    assert place.lines != other.lines
    text = plain.sources[other.file].split("\n")
    assert text[other.lines[0] - 2].strip() == "self.handle_error(request, client_address)"


def test_an_undecided_line_is_one_of_several(plain):
    (place,) = described(plain, "shutdown_request", "TCPServer").callers
    assert (place.function, place.text) == ("Server.shutdown_request", ("super().shutdown_request(request)",) * 2)
    first, second = place.lines
    assert place.where == f"program.py: one of {first}, {second}"


def test_a_forked_child_was_called_where_it_was_forked(forking):
    assert from_lines(described(forking, "finish_request")) == [
        ("ForkingMixIn.process_request", 1, "self.finish_request(request, client_address)")
    ]
    assert from_lines(described(forking, "_exit")) == [("ForkingMixIn.process_request", 1, "os._exit(status)")]
    assert "on this side of its fork" in fields(described(forking, "_exit"))["caller"]
    missing = described(forking, "fork")
    assert (missing.source, missing.missing) == (None, "os.fork is not written in Python")


def test_threads(threading):
    assert from_lines(described(threading, "process_request_thread")) == [
        ("Thread.run", 1, "self._target(*self._args, **self._kwargs)")
    ]
    joined = described(threading, "server_close", "ThreadingMixIn")
    assert fields(joined)["overrides"] == "TCPServer.server_close"
    assert from_lines(described(threading, "Thread.join")) == [
        ("_Threads.join", 1, "thread.join()"),
        ("ThreadingMixIn.server_close", 1, "self._threads.join()"),
    ]
    born = described(threading, "Thread.run")
    assert fields(born)["caller"] == f"none: {born.label} was born in Thread.start in {fields(born)['context'].rpartition(' ')[2]}"


def test_control_stands_at_the_call_that_is_open(plain):
    handle = described(plain, "handle")
    open_ = described(plain, "finish_request", t=handle.begin)
    (marked,) = open_.source.marked
    assert open_.source.inside
    line = open_.source.lines[marked - open_.source.first].strip()
    assert line == "self.RequestHandlerClass(request, client_address, self)"
    inner = described(plain, "handle", t=handle.begin)
    assert (inner.source.marked, inner.source.inside) == ((), True)
    assert inner.source.lines[inner.source.definition - inner.source.first].strip() == "def handle(self):"
    ended = described(plain, "finish_request")
    assert (ended.source.marked, ended.source.inside) == ((), False)


# ---- classes


def test_what_a_hook_overrides_and_whether_super_was_called(plain):
    verify = fields(described(plain, "verify_request", "Server"))
    assert verify["overrides"] == "BaseServer.verify_request"
    assert verify["super()"].startswith("called: BaseServer.verify_request, took ")
    refused = fields(described(plain, "verify_request", "Server", 1))
    assert (refused["super()"], refused["came of it"]) == ("not called", "False")
    below = fields(described(plain, "verify_request", "BaseServer"))
    assert below["reached from"] == "Server.verify_request: one level of a super() chain"
    assert below["overrides"] == "nothing: no class below has it"
    assert "super()" not in below


def test_a_handlers_classes_are_read_in_the_source(plain):
    assert fields(described(plain, "setup", "Echo"))["overrides"] == "StreamRequestHandler.setup"
    assert fields(described(plain, "handle", "Echo"))["overrides"] == "BaseRequestHandler.handle"
    assert fields(described(plain, "finish", "StreamRequestHandler"))["overrides"] == "BaseRequestHandler.finish"


def test_whose_code_it_is(plain):
    whose = {hook: described(plain, hook).whose for hook in ("handle", "finish_request", "select")}
    assert whose == {"handle": "program", "finish_request": "framework", "select": "system"}


# ---- times


def test_nothing_that_came_later_is_said(plain):
    verify = described(plain, "verify_request", "Server")
    assert described(plain, "verify_request", "Server", t=verify.begin - 1) is None
    at = described(plain, "verify_request", "Server", t=verify.begin)
    assert (at.end, at.outcome) == (None, "open")
    said = fields(at)
    assert (said["super()"], said["calls"], said["ended"]) == ("not called yet", "no other hook yet", "not yet")
    assert "came of it" not in said
    assert at.lasts(at.begin + 1_500_000_000).words == "1.5 s"


def test_an_exception_as_it_goes_on(plain):
    number = 1  # of the second that came so far: the first was served
    handle = described(plain, "handle", number=number)
    raised = fields(describe(plain, handle.context, handle.span, handle.end))
    assert raised["exception"] == "ZeroDivisionError: division by zero"
    assert raised["raised in"] == "here, or in what it called that is no hook"
    assert raised["went on to"] == "finish_request (BaseServer), which is open: nobody knows yet"
    later = fields(handle)
    assert later["went on to"] == "through finish_request (BaseServer), process_request (BaseServer) and handle_error, which reports it"
    assert later["traceback"] == "printed by handle_error to the program's standard error; not recorded"
    assert fields(described(plain, "process_request", number=number))["raised in"] == "handle (Echo)"


def test_held(new):
    recorded = new()
    recorded.hold(1, "before handle")
    main = in_handle(recorded)
    since = recorded.held(main, "handle")
    recorded.tick(2_000_000_000)
    released = recorded.release(main)
    main.leave("handle", "Handler")
    main.flush()
    timeline = recorded.timeline
    held = described(timeline, "handle", t=since + 1_000_000_000)
    assert fields(held)["held before it"] == "still held, by the hold: before handle"
    assert held.stopped
    assert held.lasts(held.t + 1_000_000_000).words == "2.0 s; held for 2.0 s of it, 0.0 s without that"
    after = described(timeline, "handle")
    assert fields(after)["held before it"] == "for 2.00 s, by the hold: before handle"
    assert not after.stopped
    assert after.held == released - since
    assert after.lasts(after.t).words == "2.00 s; held for 2.00 s of it, 2.00 µs without that"


# ---- by hand


def failing(recorded, output):
    """A handler fails for 127.0.0.1:50001; the program writes `output` while handle_error runs."""
    main = in_handle(recorded)
    main.fail("handle", "ValueError: no", "Handler")
    main.enter("handle_error", "BaseServer")
    main.flush()
    recorded.fact(0, type="output", t=recorded.tick(), text=output)
    main.leave("handle_error", "BaseServer")
    main.flush()
    return recorded.timeline


RULE = "-" * 40
HEAD = "Exception occurred during processing of request from ('127.0.0.1', 50001)"
TRACE = ["Traceback (most recent call last):", '  File "x.py", line 3, in handle', "ValueError: no"]


def test_the_traceback_is_found_in_the_programs_output(new):
    found = described(failing(new(), "\r\n".join(["before", RULE, HEAD, *TRACE, RULE, "behind", ""])), "handle")
    assert list(found.traceback) == TRACE
    assert fields(found)["traceback"] == "3 lines of the program's output, below"


@pytest.mark.parametrize(
    "lines",
    [
        [RULE, HEAD.replace("50001", "50002"), *TRACE, RULE],
        [RULE, HEAD, *TRACE],
        [RULE, HEAD, RULE, HEAD.replace("50001", "50002"), *TRACE, RULE],
    ],
    ids=["another's", "has no end", "mixed with another's"],
)
def test_a_traceback_that_is_not_certain_is_not_shown(new, lines):
    found = described(failing(new(), "\n".join(lines)), "handle")
    assert found.traceback == ()
    assert fields(found)["traceback"].endswith("it cannot be told which lines those are")


def test_a_call_that_is_not_known(new):
    timeline = failing(new(), "")
    context, span = calls(timeline, "handle")[0]
    assert describe(timeline, context, 999, timeline.newest) is None
    assert describe(timeline, 12345, span, timeline.newest) is None
    assert describe(timeline, context, span, timeline.newest).missing == "the source of f is not recorded"


def test_many_calls_are_counted_from_the_newest(new):
    recorded = new()
    main = recorded.process(100)
    main.enter("serve_forever")
    for _ in range(70):
        main.do("service_actions")
    main.flush()
    assert fields(described(recorded.timeline, "serve_forever"))["calls"] == "many; the newest 64: service_actions ×64"
