"""What the Waiting panel says, as lines."""

from __future__ import annotations

from tests.tui.scenes import NOW, S, changed, synchronous
from tracer.timeline.waiting import Wait
from tracer.tui.lines import Line
from tracer.tui.marks import DIM, STOPPED, context_style
from tracer.tui.panels.waiting import WaitingPanel

MS = S // 1000

SILENT = Wait(
    1, "main", "waits", NOW - 14 * S, "is in recv on connection #3 (127.0.0.1:53122), in EchoHandler.handle",
    ("0 bytes waiting", "3 clients wait in the accept queue", "only that client can end it"), NOW - 400 * MS,
)  # fmt: skip
HELD = Wait(3, "T3", "held", NOW - 2 * S, "is held before EchoHandler.handle for #4", ("only a person's release can end it",))
IDLE = Wait(2, "T1", "idle", NOW - 21 * S, "waits for a client in select (poll_interval 0.5 s)")


def lines(*waits: Wait, width: int = 60, height: int = 20, **fields: object) -> list[Line]:
    return WaitingPanel().draw(changed(synchronous(), waits=waits, **fields), width, height)


def words(found: list[Line]) -> list[str]:
    return ["".join(piece.text for piece in one) for one in found]


def test_sentences_are_wrapped() -> None:
    assert words(lines(SILENT, IDLE)) == [
        "kernel asked 0.4 s ago",
        "main is in recv on connection #3 (127.0.0.1:53122), in",
        "  EchoHandler.handle, 14 s, 0 bytes waiting; 3 clients wait",
        "  in the accept queue; only that client can end it",
        "T1 waits for a client in select (poll_interval 0.5 s), 21 s",
    ]


def test_labels_have_their_contexts_colours_and_idle_ones_are_dim() -> None:
    held, idle = (one[:2] for one in lines(HELD, IDLE, width=100))
    assert [piece.style for piece in held] == [context_style("T3"), STOPPED]
    assert [piece.style for piece in idle] == [context_style("T1") + DIM, DIM]


def test_an_idle_server_is_no_problem() -> None:
    assert words(lines(IDLE)) == ["T1 waits for a client in select (poll_interval 0.5 s), 21 s"]


def test_without_the_kernel() -> None:
    alone = Wait(1, "main", "waits", NOW - 4 * S, "is in EchoHandler.handle", ("what it sleeps in: n/a (no sample tells)",))
    assert words(lines(alone, width=100)) == [
        "main is in EchoHandler.handle, 4 s, what it sleeps in: n/a (no sample tells)"
    ]  # fmt: skip


def test_nobody_waits() -> None:
    assert words(lines()) == ["nobody waits: everybody has moved a moment ago"]


def test_what_has_no_room_is_counted() -> None:
    assert words(lines(SILENT, IDLE, height=3))[-1] == "… 3 more lines: z enlarges"


def test_a_finished_recording_has_a_time() -> None:
    assert words(lines(SILENT, mode="ended", finished=True))[0] == "kernel asked at 00:30.6"


def test_hostile_paths_stay_text() -> None:
    lock = Wait(1, "main", "waits", NOW - S, "is in flock on /tmp/\x1b[31m[red]x (descriptor 4)")
    said = " ".join(words(lines(lock, width=100)))
    assert "\x1b" not in said
    assert "[red]x (descriptor 4)" in said
