"""`--hook MODULE:CLASS.METHOD`: the program's own methods beside the framework's."""

import socket

import pytest

from tests.probe.kit import PROGRAMS, rest, tree
from tracer.timeline.at import at

NAMED = PROGRAMS / "named.py"
HANDLE = """        handle Line
          Router.dispatch Router
            Router.dispatch Base
              Router.prepare Router
          Router.dispatch Router
            Router.dispatch Base
              Shouting.prepare Shouting
        finish StreamRequestHandler"""


def serve(server):
    """Ask for two lines, wait for the end; the reply."""
    with socket.create_connection(server.address(), timeout=30) as client:
        client.sendall(b"one\ntwo\n")
        reply = rest(client)
    assert server.end() == (0, "")
    return reply


@pytest.mark.parametrize("main", ["__main__", "named"])
def test_a_programs_own_methods_are_hooks(main, launch):
    """Each level of them with the class that supplies it; those of a class that was not named are none. The script has two names."""
    names = ("routing:Router.dispatch", "routing:Router.prepare", f"{main}:Shouting.prepare", "routing:Other.missing")
    with launch(*(word for name in names for word in ("--hook", name)), NAMED) as server:
        assert serve(server) == "one\nTWO\n"
    timeline = server.timeline()
    found = tree(timeline).replace(" #1", "")
    assert found[found.index("        handle Line") :].startswith(HANDLE)
    own = {(code.hook, code.owner, code.module) for code in timeline.codes.values() if "." in code.hook and not code.framework}
    assert own == {
        ("Router.dispatch", "Router", "routing"),
        ("Router.dispatch", "Base", "routing"),
        ("Router.prepare", "Router", "routing"),
        ("Shouting.prepare", "Shouting", "__main__"),
    }
    # What never appeared is told, and only that.
    assert [line for line in server.errors.splitlines() if "--hook" in line] == [
        "tracer: --hook routing:Other.missing never appeared: no such class or method was found there (a script's module is __main__)"
    ]
    assert at(timeline, timeline.newest).accepted == 1


def test_a_hook_of_the_frameworks_is_one_already(launch):
    """It is recorded once, under its own name, and is not said to be missing."""
    with launch("--hook", "__main__:Line.handle", NAMED) as server:
        assert serve(server) == "one\nTWO\n"
    assert tree(server.timeline()).count("handle Line") == 1
    assert "--hook" not in server.errors
