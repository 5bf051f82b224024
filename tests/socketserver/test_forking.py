"""ForkingMixIn: collect_children() on a scripted kernel, and real children in a program of their own."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


class Kernel:
    """Stands in for `os`: waitpid() gives or raises what the script says, and notes how it was asked."""

    WNOHANG = os.WNOHANG

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []

    def waitpid(self, pid, options):
        self.asked.append((pid, {0: "wait", os.WNOHANG: "look"}[options]))
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer, 0


def child_error():
    return ChildProcessError(errno.ECHILD, "No child processes")


@pytest.fixture
def collect(framework, replace_global):
    """collect(children, script, ...): run collect_children(); return what was asked and which children are left."""

    def run(children, script, *, max_children=40, blocking=False):
        kernel = Kernel(*script)
        replace_global(framework.ForkingMixIn.collect_children, "os", kernel)
        mixed = framework.ForkingMixIn()
        mixed.active_children = children
        mixed.max_children = max_children
        mixed.collect_children(blocking=blocking)
        assert not kernel.script
        return kernel.asked, mixed.active_children

    return run


def test_before_the_first_child_nothing_is_asked(collect):
    """active_children is None until something has been forked."""
    assert collect(None, []) == ([], None)
    assert collect(set(), []) == ([], set())


def test_below_the_limit_it_looks_at_each_child(collect):
    """0 is "still running"; a child that has ended is forgotten, as is one that somebody else has collected."""
    assert collect({7}, [0]) == ([(7, "look")], {7})
    assert collect({7}, [7]) == ([(7, "look")], set())
    assert collect({7}, [child_error()]) == ([(7, "look")], set())
    assert collect({7}, [InterruptedError()]) == ([(7, "look")], {7})


def test_blocking_waits_for_each_child(collect):
    """As server_close() does."""
    assert collect({7}, [7], blocking=True) == ([(7, "wait")], set())


def test_at_the_limit_it_waits_for_any_child(collect):
    """From max_children on, not above it: waitpid(-1) until there are fewer, then a look at the rest."""
    assert collect({7, 8}, [8, 0], max_children=2) == ([(-1, "wait"), (7, "look")], {7})
    asked, left = collect({6, 7, 8}, [6, 8, 0], max_children=2)
    assert (asked, left) == ([(-1, "wait"), (-1, "wait"), (7, "look")], {7})


def test_at_the_limit_it_may_collect_a_child_of_others(collect):
    """waitpid(-1) returns a process the server never started: it waits on."""
    assert collect({7}, [99, 7], max_children=1) == ([(-1, "wait"), (-1, "wait")], set())


def test_at_the_limit_without_any_child(collect):
    """ECHILD: all are gone, so none is left to count."""
    assert collect({7, 8}, [child_error()], max_children=2) == ([(-1, "wait")], set())


def test_at_the_limit_any_other_error_ends_the_waiting(collect):
    """The loop goes on, above its limit."""
    assert collect({7}, [PermissionError(), 0], max_children=1) == ([(-1, "wait"), (7, "look")], {7})


def test_no_limit_is_not_zero(collect):
    """0 children are at the limit of 0: it asks for ever (here, until the script is at its end)."""
    with pytest.raises(IndexError):
        collect({7}, [7, *[child_error()] * 20], max_children=0)


def test_who_collects(framework):
    """service_actions() and handle_timeout() look, server_close() waits unless block_on_close is false."""
    calls = []

    class Server(framework.ForkingMixIn, framework.BaseServer):
        def collect_children(self, *, blocking=False):
            calls.append(blocking)

    server = Server(None, None)
    server.service_actions()
    server.handle_timeout()
    server.server_close()
    server.block_on_close = False
    server.server_close()
    assert calls == [False, False, True, False]


def scenario(framework, name):
    """Run one in a child interpreter."""
    script = Path(__file__).with_name("forked_requests.py")
    done = subprocess.run(
        [sys.executable, str(script), framework.__name__, name], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_child_serves_and_exits(framework):
    """Status 0 after success, 1 after an error, reported in the child, and 1 even after sys.exit(0), unreported."""
    assert scenario(framework, "ends") == {
        "before": None,
        "return": ["True", 0, 0],
        "error": ["True handle_error in the child", 1, 0],
        "exit": ["True", 1, 0],
    }


def test_server_close_collects(framework):
    """It waits for a child that still runs, or with block_on_close false leaves it."""
    assert scenario(framework, "close") == {"block True": 0, "block False": 1}


def test_max_children_stops_the_loop(framework):
    """The loop never goes on with max_children children."""
    assert scenario(framework, "limit") == {"never above the limit": True, "left over": 0}
