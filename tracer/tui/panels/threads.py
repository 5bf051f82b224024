"""The threads of the watched server's process."""

from tracer.timeline.moment import ProcessMoment
from tracer.timeline.units import count, ticking

from ..lines import Line, cells, ends, first, line
from ..marks import BOLD, CURRENT, DIM, PLAIN, STOPPED, context_style
from ..servers import alike, no_server, of_process
from ..times import when
from ..view import View, held_words, innermost
from .panel import Panel


class ThreadsPanel(Panel, can_focus=True):
    """Every thread: its hook, and what the kernel says it does."""

    NAME = "Threads"
    HELP_TEXT = (
        "One line a thread of the server's process: its label, the connection it serves, the hook it is in and for how long, "
        "and what the kernel says: runnable (on a processor or waiting for one), sleeping, … One that is held (‖) sleeps before or "
        "after its hook.\n\n"
        "The first line says how many threads the server keeps to join when it is closed (len(_threads); daemon threads are not "
        "kept) and how many the kernel lists, both at the time the kernel was asked."
    )

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        process = view.process
        if view.server is None:
            return [line((no_server(view), DIM))]
        if process is None:
            return [line(("no server process now", DIM))]
        states = {thread.label: thread.state for thread in process.threads if thread.label is not None}
        lines = [_compared(view, process), *of_process(view)]
        for context in (one for one in view.moment.contexts if one.process == process.process):
            style = context_style(context.label)
            number = f"#{context.connection}" if context.connection is not None else ""
            head = line((f"{context.label:7}", style), (f" {number:5} ", PLAIN))
            name = "" if width < 60 or context.name in ("", "MainThread") else f"  {context.name}"
            state = states.get(context.label, "new" if process.taken is not None else "n/a")
            held, span = view.held(context.context), innermost(context)
            since = held.since if held is not None else span.since if span is not None else context.begin
            right = line((f"{state}", DIM), f"{ticking(view.now - since):>8}")
            if held is not None:
                what = (held_words(held), STOPPED)
                if cells(head) + len(what[0]) + cells(right) >= width:
                    right = right[1:]  # where it is held says more than that it sleeps there
            else:
                what = (f"{CURRENT} {span.hook}", style + BOLD) if span is not None else ("in no hook", DIM)
            lines.append(ends(line(*head, what, (name, DIM)), right, width))
        for thread in process.threads:
            if thread.label is None:
                words = f"tid {thread.tid} {thread.name}, no hook"
                lines.append(ends(line((words, DIM)), line((f"{thread.state}        ", DIM)), width))
        if process.believed_threads is not None and view.server.settings.get("daemon_threads") is True:
            lines.append(line(("daemon threads: the server keeps none", DIM)))
        return first(lines, height)


def _compared(view: View, process: ProcessMoment) -> Line:
    """What the server keeps beside what the kernel lists, and the time of which both speak."""
    keeps = "n/a" if len(alike(view, "ThreadingMixIn")) > 1 else process.believed_threads
    believed = f"server keeps {keeps} · " if process.believed_threads is not None else ""
    if process.taken is None or not process.threads:
        return line(f"{believed}kernel n/a ({'no sample yet' if process.taken is None else 'the sample does not say'})")
    kernel = f"kernel {len(process.threads)}" if believed else f"kernel lists {count(len(process.threads), 'thread')}"
    return line(f"{when(view, process.taken)}: {believed}{kernel}")
