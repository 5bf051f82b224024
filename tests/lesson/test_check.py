"""`tracer learn --check` plays a lesson: what is wrong is told once, at its line, with its cure."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.lesson.kit import echo, lesson
from tracer.lesson import check as checking
from tracer.lesson import player, run

SILENT = 'do = ["client silent", "wait open(before handle) = 1"]'


def told(folder: Path, server: str, steps: str) -> list[str]:
    """What is said of a lesson of these steps, which begin in line 6, without the times that it took."""
    said: list[str] = []
    one = lesson(folder / "my", server, dedent(steps).lstrip())
    assert checking.check(one.folder, said.append) is False
    return [re.sub(r"\d+\.\d s|\d\d:\d\d\.\d{3}", "…", line.removeprefix(f"{folder}/my/")) for line in said]


TWO_STEPS_AND_AN_EXPERIMENT = """
    [[step]]
    id = "a"
    do = ["pause 0", "client one"]

    [[step]]
    id = "b"

    [[experiment]]
    id = "e"
    change = "x"
    to = ["2", "3"]
    ask = "queue"
"""


@pytest.mark.parametrize(
    ("end", "how"),
    [
        ("", "with status 0"),
        ("raise SystemExit(3)", "with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "by signal 9 (SIGKILL)"),
    ],
)
def test_a_server_that_ends_at_once(end: str, how: str, tmp_path: Path) -> None:
    """It is told once; what cannot be right either is not played."""
    assert told(tmp_path, f"import tracer.socketserver\n\nx = 1\n{end}\n", TWO_STEPS_AND_AN_EXPERIMENT) == [
        "step a: …",
        f"lesson.toml:8: step a: client one: the server has ended {how}",
        "step b was not played",
        "experiment e was not played",
        "my: 1 problem",
    ]


def test_a_server_that_never_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PATIENCE", 0.2)
    server = "import signal\n\nimport tracer.socketserver\n\nx = 1\nsignal.pause()\n"
    assert told(tmp_path, server, TWO_STEPS_AND_AN_EXPERIMENT)[1:] == [
        "lesson.toml:8: step a: client one: the server does not listen",
        "step b was not played",
        "experiment e was not played",
        "my: 1 problem",
    ]


def test_a_server_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = """
        [[step]]
        id = "a"
        do = ["wait calls(after server_activate) = 1"]

        [[step]]
        id = "b"
        do = ["client one to EchoHandler"]
    """
    one = lesson(tmp_path / "my", echo("TCPServer"), dedent(steps).lstrip())
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        monkeypatch.setattr(run, "PATIENCE", 0.2)  # it listens

    assert checking.check(one.folder, say) is False
    assert said[2:] == [
        f"{one.folder}/lesson.toml:12: step b: client one to EchoHandler: no server EchoHandler listens, but TCPServer does",
        "my: 1 problem",
    ]


STEPS = {
    "a check": (
        f"""
        [[step]]
        id = "a"
        {SILENT}
        check = [
            "connections = 1",
            "connections = 2",
        ]
        """,
        ["lesson.toml:11: step a: connections = 2 is not so: it is 1"],
    ),
    "a stop that is behind": (
        f"""
        [[step]]
        id = "a"
        {SILENT}
        stop = "before handle"

        [[step]]
        id = "b"
        stop = "before verify_request"
        """,
        [
            "lesson.toml:13: step b: nothing was found at before verify_request: it came at …, and not after the stop of step a: "
            "put this step earlier, or give that one an earlier stop"
        ],
    ),
    "a stop that does not come": (
        f"""
        [[step]]
        id = "a"
        {SILENT}
        stop = "before finish"
        """,
        ["lesson.toml:9: step a: nothing was found at before finish: it did not come"],
    ),
    "a question": (
        f"""
        [[step]]
        id = "a"
        {SILENT}

        [[step.question]]
        id = "q"
        ask = "where(before finish)"
        """,
        [
            "lesson.toml:12: question q: the run does not answer where(before finish): no such call at this stop; "
            "ask it in a later step, or give the question a do"
        ],
    ),
    "what a question does": (
        f"""
        [[step]]
        id = "a"
        {SILENT}

        [[step.question]]
        id = "q"
        ask = "queue"
        do = ["pause 0", "release T7"]
        """,
        ["lesson.toml:13: question q: T7 is not held, so it cannot be released"],
    ),
    "what is done too late": (
        f"""
        [[step]]
        id = "a"
        {SILENT}

        [[step.question]]
        id = "q"
        ask = "where(before finish)"
        do = ["pause 0"]
        """,
        [
            "lesson.toml:12: question q: the run does not answer where(before finish): no such call when its do was done; "
            "wait for it there"
        ],
    ),
}


@pytest.mark.parametrize("what", STEPS)
def test_a_mistake_in_a_step(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told at the line of what is wrong."""
    monkeypatch.setattr(player, "PATIENCE", 0.1)
    steps, problems = STEPS[what]
    assert [line for line in told(tmp_path, echo("TCPServer"), steps) if line.startswith("lesson.toml")] == problems


def test_what_is_next_where_somebody_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "_DECIDED", 0)
    steps = """
        [[step]]
        id = "a"
        do = ["hold before handle", "client one", "wait held = 1"]
        stop = "before handle"

        [[step.question]]
        id = "q"
        ask = "next"
    """
    assert told(tmp_path, echo("ThreadingTCPServer"), steps)[1:] == [
        "lesson.toml:13: question q: T1 is held, so nothing says what it does next: ask next here, or release first",
        "my: 1 problem",
    ]


def test_a_mistake_in_an_experiment(tmp_path: Path) -> None:
    """If it is one without a change, no value is tried; one of a value is told for that one."""
    steps = """
        [[step]]
        id = "a"

        [[experiment]]
        id = "one"
        change = "server"
        to = ["2"]
        do = ["wait calls(after server_activate) >= 1", "release T7"]
        ask = "queue"

        [[experiment]]
        id = "two"
        change = "x"
        to = [
            "2",
            "raising()",
        ]
        do = ["wait calls(after server_activate) >= 1"]
        ask = "calls(after server_activate)"

        [[experiment]]
        id = "three"
        change = "x"
        to = ["2"]
        do = ["wait calls(after server_activate) >= 1"]
        ask = "error(after handle)"
    """
    program = echo("TCPServer").replace("\n\n\nclass", "\n\nx = 1\nserver = 1\n\n\nclass")
    assert told(tmp_path, program, steps)[1:] == [
        "lesson.toml:13: experiment one: unchanged: T7 is not held, so it cannot be released",
        "experiment one was not played with 2",
        "experiment two: unchanged: calls(after server_activate) is 1",
        "experiment two: x = 2: calls(after server_activate) is 1",
        "lesson.toml:23: experiment two: x = raising(): wait calls(after server_activate) >= 1: "
        "the server has ended with status 1: NameError: name 'raising' is not defined",
        "lesson.toml:31: experiment three: unchanged: error(after handle) is not known",
        "experiment three was not played with 2",
        "my: 3 problems",
    ]
