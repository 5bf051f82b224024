"""Numbers in words, and cutting."""

import pytest

from tests.tui.scenes import MS, US, S
from tracer.timeline.units import age, clock_time, count, duration, ticking
from tracer.tui.cells import clip, fill


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (0, "0 ns"), (-5, "0 ns"), (999, "999 ns"), (1000, "1.00 µs"), (41_234, "41.2 µs"), (999_949, "1.00 ms"),
        (1910 * US, "1.91 ms"), (9_999_999, "10.0 ms"), (999 * MS, "999 ms"), (12_400 * MS, "12.4 s"), (185 * S, "3:05 min"),
        (4000 * S, "1:06 h"),
    ],
)  # fmt: skip
def test_duration(nanoseconds, words):
    assert duration(nanoseconds) == words


def test_what_ticks():
    assert [ticking(value) for value in (-1, 0, 849 * MS, 99 * S, 185 * S)] == ["0.0 s", "0.0 s", "0.8 s", "99.0 s", "3:05 min"]
    assert [age(value) for value in (-1, 999 * MS, 3_999 * MS)] == ["under 1 s", "under 1 s", "3 s"]
    assert clock_time(12_418 * MS) == "00:12.418"
    assert count(1, "event") == "1 event"
    assert count(1284, "event") == "1,284 events"


def test_cut_text_is_marked():
    assert clip("service_actions", 8) == "service…"
    assert clip("中文中文", 5) == "中文…"
    assert fill("ab", 4) == "ab  "
    assert fill("ab", 4, right=True) == "  ab"
    assert clip("ab", 0) == ""
