"""The line on top: what is watched, in which mode, how much, and what was lost."""

from collections.abc import Iterator

from rich.style import Style

from tracer.timeline.moment import ServerMoment
from tracer.timeline.units import clock_time, count, limit_words, ticking

from ..lines import Line, cells, ends, line
from ..marks import BAD, BOLD, DIM, HELD, LIVE, REPLAY, STILL, STOPPED, WARN
from ..servers import state
from ..times import tenths, waits
from ..view import View
from .panel import Panel

SILENCE = 5_000_000_000  # a supervisor that lives says something at least every second or two

MODES = {
    "live": Style(color="#2fc293", bold=True),
    "ended": Style(color="#c8c8c8", bold=True),
    "replay": Style(color="#93a8ff", bold=True),
    "frozen": Style(color="#e69f00", bold=True),
    "held": STOPPED + Style(reverse=True),
}


class Header(Panel):
    """What is watched, the mode, counts and losses."""

    NAME = "Header"

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        right = line((mode_words(view), MODES[view.look]), "   ", *_pace(view), *_counts(view, width), " ")
        left = line(" ", ("tracer  ", DIM), (view.title, BOLD))
        if view.server is not None:
            left = next(
                (one for one in _watched(view, view.server) if cells(one) + cells(right) < width), line(" ", (view.title, BOLD))
            )
        return [ends(left, right, width)]


def _watched(view: View, server: ServerMoment) -> Iterator[Line]:
    """The left end: what is watched, in ever fewer words."""
    title = line(" ", (view.title, BOLD))
    full = line(" ", ("tracer  ", DIM), (view.title, BOLD))
    address = f" {server.address}"
    how = line((f", {words}", WARN)) if (words := state(view, server)) else []
    if len(view.moment.servers) < 2:
        yield line(*full, " · ", server.class_name, address, *how)
        yield line(*title, address, *how)
        return
    place = line(("server ", DIM), (f"{view.place} of {len(view.moment.servers)}", BOLD))
    named = line(*place, (": ", DIM), server.class_name, address, *how)
    yield line(*full, " · ", *named)
    yield line(*title, " · ", *named)
    yield line(" ", *named)
    yield line(" ", *place, address, *how)
    yield line(" ", *place, *how)


def mode_words(view: View) -> str:
    """The mode in words; it is also the frame's colour."""
    limit = limit_words(view.limited - view.start) if view.limited is not None else ""
    match view.mode:
        case "live":
            silent = view.now - view.newest
            words = f" {HELD} HELD {len(view.stopped)} " if view.stopped else f"{LIVE} LIVE"
            words = f"{words.rstrip()}, no word for {silent // 1_000_000_000} s" if silent >= SILENCE else words
        case "frozen":
            words = f"{STILL} FROZEN {ticking(view.behind)} behind"
        case "ended" if limit:
            words = f"{STILL} {limit}"
        case "ended" if view.abandoned:
            words = f"{STILL} ENDED, no end recorded: its supervisor is gone"
        case "ended":
            words = f"{STILL} ENDED {tenths(view.now - view.start)}"
        case "replay":
            limited = view.limited is not None and view.now >= view.limited
            words = f"{REPLAY} REPLAY, {limit}" if limited else f"{REPLAY} REPLAY {clock_time(view.now - view.start)}"
            words += ", playing" if view.playing else f", {ticking(view.behind)} behind" if not view.over else ""
    if view.stopped and view.mode != "live":
        words += f" · {HELD} {len(view.stopped)} held"
    return words if view.reading is None else f"{words}, {view.reading} % read"


def _pace(view: View) -> Line:
    """That times are not what they would be."""
    if not view.moment.pace:
        return []
    words = f" slow motion {waits(view.moment.pace)} a hook: distorts time "
    return line((words, WARN + Style(reverse=True)), "   ")


def _counts(view: View, width: int) -> Line:
    counts = view.moment.counts
    paced = bool(view.moment.pace)  # to say so takes room
    long = width >= 100 and not view.abandoned and not paced
    past = view.wanted.t is not None  # how much there is in all is nothing of that moment
    pieces = [] if (paced and width < 100) or past else [count(counts.events, "event")]
    if long:
        server = view.server
        noun = "datagram" if server is not None and server.kind == "datagram" else "connection"
        if server is not None and len(view.moment.servers) > 1:
            pieces.append(f"its {count(server.accepted, noun)}")
        else:
            pieces.append(count(view.moment.accepted, noun))
    losses = [f"{count(counts.lost, 'record')} lost"] if counts.lost else []
    losses += [f"{view.damaged:,} damaged"] if view.damaged else []
    words = line(" · ".join(pieces))
    if losses:
        return line(*words, " ", (f" !! {' · '.join(losses)} ", BAD + Style(reverse=True)))
    return line(*words, " · 0 records lost") if long else words
