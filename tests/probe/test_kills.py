"""Kills at random moments: nothing is lost that had to be written, and no other process loses anything."""

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, Raw

LETTERS = {
    "process_request": "p", "finish_request": "f", "shutdown_request": "s", "close_request": "c", "setup": "u", "handle": "h",
    "finish": "i",
}  # fmt: skip


def expected(turns: int) -> str:
    """What a child does in that many turns, a letter an event: lower case for an enter, upper case for a return."""
    return "".join(f"pf{'scCS' * (turn % 5 * 30)}uUhHiIFscCSP" for turn in range(1, turns + 1))


def letters(events: list[tuple[str, str]]) -> str:
    """The same of what is recorded."""
    return "".join(LETTERS.get(hook, "?") if kind == "enter" else LETTERS.get(hook, "?").upper() for kind, hook in events)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_kill_loses_nothing_that_had_to_be_written(framework, record):
    """104 kills: what is recorded is a prefix of what was done, up to the last `handle` at least; every byte is accounted for."""
    recorded = record(PROGRAMS / "killed.py", framework, "20261123", "13")
    assert recorded.status == 0, recorded.errors
    found = Raw(recorded.path)
    assert found.good_bytes + found.damaged_bytes == recorded.path.stat().st_size
    assert (found.damaged > 0) == (found.damaged_bytes > 0)
    assert found.damaged <= 104
    records = {found.pids[context]: letters(done) for context, done in found.records.items()}
    whole = expected(2000)
    handles = [place for place, letter in enumerate(whole) if letter == "h"]
    children = [line.split() for line in recorded.output.splitlines()]
    assert len(children) == 117
    for pid, turn, survives in children:
        done = records[int(pid)]
        assert whole.startswith(done)
        assert int(turn) > 0
        assert len(done) > handles[int(turn) - 1]
        if survives == "True":
            assert len(done) == handles[59] + 1
    assert len(records) == 118
    recorded.path.unlink()  # 100 MB
