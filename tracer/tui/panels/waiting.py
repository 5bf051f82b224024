"""What everybody waits for who does not move, a sentence each."""

from __future__ import annotations

from tracer.timeline.waiting import Wait

from ..lines import Line, first, line, wrapped
from ..marks import DIM, PLAIN, STOPPED, context_style
from ..times import asked
from ..view import View
from .panel import Panel


class WaitingPanel(Panel, can_focus=True):
    """The waits of the moment: problems first, whoever is only idle last."""

    NAME = "Waiting"
    HELP_TEXT = (
        "One sentence for each thread and child that has not moved for half a second: what it waits for, for how long, what waits "
        "behind it, and who can end it. It is made of what was recorded and of what the kernel said: the system call that the "
        "thread sleeps in, the descriptor that this is about, and the bytes that wait there.\n\n"
        "A server that waits for clients in select is idle: that is no problem, and stands dim at the end. So does who is in no hook. "
        "Whoever moved a moment ago has no sentence.\n\n"
        "The first line says when the kernel was asked; it is asked a few times a second, and only about those that do not move. "
        "What it said counts until something is recorded of that thread again. n/a: the kernel does not tell, and why."
    )

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        if not view.waits:
            return [line(("nobody waits: everybody has moved a moment ago", DIM))]
        told = next((one.asked for one in view.waits if one.asked is not None), None)
        lines = [line((asked(view, told), DIM))] if told is not None else []
        for wait in view.waits:
            lines += _wait(view, wait, width)
        return first(lines, height)


def _wait(view: View, wait: Wait, width: int) -> list[Line]:
    """A sentence on as many lines as it needs."""
    style = DIM if wait.idle else STOPPED if wait.kind == "held" else PLAIN
    colour = context_style(wait.label) + (DIM if wait.idle else PLAIN)
    top, *rest = wrapped(wait.words(view.now), max(20, width), "  ")
    label, said = top[: len(wait.label)], top[len(wait.label) :]
    return [line((label, colour), (said, style)), *(line((part, style)) for part in rest)]
