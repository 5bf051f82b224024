"""The line on top: what is watched, in which mode, how much, and what was lost."""

from rich.style import Style

from tracer.recording.text import harmless
from tracer.timeline.units import clock_time, count, ticking

from ..lines import Line, cells, ends, line
from ..marks import BAD, BOLD, DIM, LIVE, REPLAY, STILL
from ..times import tenths
from ..view import View
from .panel import Panel

SILENCE = 5_000_000_000  # a supervisor that lives says something at least every second or two

MODES = {
    "live": Style(color="#2fc293", bold=True),
    "ended": Style(color="#c8c8c8", bold=True),
    "replay": Style(color="#93a8ff", bold=True),
    "frozen": Style(color="#e69f00", bold=True),
}


class Header(Panel):
    """What is watched, the mode, counts and losses."""

    NAME = "Header"

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        right = line((mode_words(view), MODES[view.mode]), "   ", *_counts(view, long=width >= 100 and not view.abandoned), " ")
        left = line(" ", ("tracer  ", DIM), (view.title, BOLD))
        if view.server is not None:
            address = f" {harmless(view.server.address)}"
            full = line(*left, " · ", view.server.class_name, address)
            short = line(" ", (view.title, BOLD), address)
            left = next((one for one in (full, short) if cells(one) + cells(right) < width), line(" ", (view.title, BOLD)))
            if view.servers > 1:
                left = line(*left, (f" (1 of {view.servers} servers)", DIM))
        return [ends(left, right, width)]


def mode_words(view: View) -> str:
    """The mode in words; it is also the frame's colour."""
    match view.mode:
        case "live":
            silent = view.now - view.newest
            words = f"{LIVE} LIVE" if silent < SILENCE else f"{LIVE} LIVE, no word for {silent // 1_000_000_000} s"
        case "frozen":
            words = f"{STILL} FROZEN {ticking(view.behind)} behind"
        case "ended" if view.abandoned:
            words = f"{STILL} ENDED, no end recorded: its supervisor is gone"
        case "ended":
            words = f"{STILL} ENDED {tenths(view.now - view.start)}"
        case "replay":
            words = f"{REPLAY} REPLAY {clock_time(view.now - view.start)}"
    return words if view.reading is None else f"{words}, {view.reading} % read"


def _counts(view: View, long: bool) -> Line:
    counts = view.moment.counts
    pieces = [count(counts.events, "event")]
    if long:
        noun = "datagram" if view.server is not None and view.server.kind == "datagram" else "connection"
        pieces.append(count(counts.connections, noun))
    losses = [f"{count(counts.lost, 'record')} lost"] if counts.lost else []
    losses += [f"{view.damaged:,} damaged"] if view.damaged else []
    words = line(" · ".join(pieces))
    if losses:
        return line(*words, " ", (f" !! {' · '.join(losses)} ", BAD + Style(reverse=True)))
    return line(*words, " · 0 records lost") if long else words
