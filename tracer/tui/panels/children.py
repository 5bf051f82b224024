"""The children of the watched server: what it believes beside what the kernel says."""

from rich.style import Style

from tracer.timeline.moment import Child, ContextMoment, ProcessMoment
from tracer.timeline.units import ticking
from tracer.timeline.words import signal_name

from ..gauges import scaled
from ..lines import Line, ends, first, line, wrapped
from ..marks import BAD, BOLD, CURRENT, DIM, KILLED, PLAIN, STOPPED, WARN, ZOMBIE, context_style
from ..servers import alike, is_a, loop_of, no_server, of_process
from ..times import asked, when
from ..view import View, held_words, innermost
from .panel import Panel

_WIDE = 80  # from here on there is room to say who reaped each


class ChildrenPanel(Panel, can_focus=True):
    """Forked children, zombies among them."""

    NAME = "Children"
    HELP_TEXT = (
        "One line a child process: the connection it was forked for, the hook it is in, or is held before or after (‖), and for how "
        "long. Z is a zombie: a child that has ended and that nobody has waited for; collect_children does, in service_actions, "
        "at the end of each turn of the loop.\n\n"
        "The first line compares what the server believes (len(active_children)) with what the kernel lists, zombies included, "
        "both at the time the kernel was asked. Where they differ for certain, words say so. Who was waited for stays for a while, "
        "with its exit status or signal, and the hook that did it.\n\n"
        "The boxes are how many children there are of max_children: where there are so many, the loop takes no more connections "
        "until a child has ended. A loop of handle_request calls no service_actions: its zombies stay until it has waited in vain for "
        "`timeout` seconds (handle_timeout), or is closed."
    )

    def empty(self, view: View) -> bool:
        """Whether there is, and can be, nothing to show."""
        return not forks(view) and (view.process is None or not view.process.children)

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        process = view.process
        if view.server is None:
            return [line((no_server(view), DIM))]
        if process is None:
            return [line(("no server process now", DIM))]
        if self.empty(view):
            where = "threads" if view.path is not None and view.path.dispatch == "thread" else "this process"
            return [line((f"none: {view.server.class_name} serves in {where}", DIM))]
        lines = [_compared(view, process), *_limit(view, process)] if forks(view) else [line((asked(view, process.taken), DIM))]
        lines += of_process(view)
        lines += [line((part, WARN)) for words in process.differs for part in wrapped(words, max(20, width))]
        reaped = [child for child in process.reaped if child.pid not in {one.pid for one in process.children}]
        listed = sorted((*process.children, *reaped), key=_rank)
        lines += [_child(view, child, width) for child in listed] or [line(("none now", DIM))]
        return first([*lines, *_remarks(view, process, width)], height)


def _rank(child: Child) -> int:
    """Who runs comes first, then zombies, then who was waited for."""
    return 2 if child.reaped is not None else 1 if child.state == "zombie" else 0


def _limit(view: View, process: ProcessMoment) -> list[Line]:
    """How many children there may be."""
    most = view.server.settings.get("max_children") if view.server is not None else None
    number = _believed(view, process)
    if not isinstance(most, int) or not number:
        return []
    full = number >= most
    words = f"{number} of {most} (max_children){': full' if full else ''}"
    return [line((scaled(number, most), BAD if full else DIM), " ", (words, BAD if full else DIM))]


def _remarks(view: View, process: ProcessMoment, width: int) -> list[Line]:
    """Who reaps the zombies, and who reaped the last that was."""
    found = ""
    if not process.differs and any(child.state == "zombie" and child.believed and child.reaped is None for child in process.children):
        running = loop_of(view.loop) if view.loop is not None else None
        if running is not None and running.hook == "serve_forever":
            found = "Z: reaped next, by service_actions"
        elif running is not None:
            found = "Z: reaped by handle_timeout or server_close"
    lines = [line((found, DIM))] if found else []
    last = max((*process.reaped, *process.children), key=lambda child: child.reaped or 0, default=None)
    if last is not None and last.reaped_by and width < _WIDE:
        words = f"{last.label or f'P{last.pid}'} was reaped by {last.reaped_by}"
        lines += [line((part, DIM)) for part in wrapped(words, max(20, width))]
    return lines


def _compared(view: View, process: ProcessMoment) -> Line:
    """Belief beside truth, and the time of which both speak."""
    number = _believed(view, process)
    believed = "n/a" if number is None else str(number)
    if process.taken is None:
        return line(f"server believes {believed} · kernel n/a (no sample)")
    return line(f"{when(view, process.taken)}: server believes {believed} · kernel {_listed(process)}")


def _believed(view: View, process: ProcessMoment) -> int | None:
    """How many children the server believes it has; None where that is not known, or another of its process forks, too."""
    return process.believed_children if len(alike(view, "ForkingMixIn")) < 2 else None


def forks(view: View) -> bool:
    """Whether the watched server's class makes children."""
    return view.server is not None and is_a(view.server, "ForkingMixIn")


def _listed(process: ProcessMoment) -> int:
    """How many children the kernel lists, zombies included."""
    return sum(child.state is not None for child in process.children)


def _child(view: View, child: Child, width: int) -> Line:
    label = child.label or f"P{child.pid}"
    number = f"#{child.connection}" if child.connection is not None else ""
    head = line((f"{label:7}", context_style(label)), f" {number:5} ")
    if child.reaped is not None:
        by = f" by {child.reaped_by}" if child.reaped_by and width >= _WIDE else ""
        style = BAD if child.signal is not None else DIM
        return ends(line(*head, (f"reaped{by}{_ended(child)}", style)), line((when(view, child.reaped), DIM)), width)
    words, style, since = _state(view, child)
    lasts = line((ticking(view.now - since), PLAIN)) if since is not None else []
    return ends(line(*head, (words, style)), line(*lasts), width)


def _ended(child: Child) -> str:
    """How a child ended, as far as the sample told."""
    if child.signal is not None:
        return f", {KILLED} {signal_name(child.signal)}"
    return f", exit {child.exit}" if child.exit is not None else ""


def _state(view: View, child: Child) -> tuple[str, Style, int | None]:
    """What a child does, in words; how to draw it; since when."""
    process = view.process
    context = next((one for one in view.moment.contexts if one.label == child.label), None) if child.label else None
    sampled = process is not None and process.taken is not None
    if child.state == "zombie":
        if child.signal is not None:
            return f"{ZOMBIE} {KILLED} {signal_name(child.signal)}", BAD, child.since
        ended = "exit n/a" if child.exit is None else f"exit {child.exit}"
        return f"{ZOMBIE} {ended}", WARN, child.since
    if sampled and child.state is None and not _is_new(process, child):
        return "believed; the kernel has none", WARN, None
    if sampled and not child.believed:
        return "unknown to the server", WARN, child.since
    if context is not None:
        held = view.held(context.context)
        return (held_words(held), STOPPED, held.since) if held is not None else _hook(context)
    if child.label is None:
        return "runs, not traced" if child.state == "running" else "forked", DIM, child.since
    return "ended after the sample" if sampled else "ended", DIM, None


def _is_new(process: ProcessMoment | None, child: Child) -> bool:
    """Whether it was born after the kernel was asked."""
    return process is not None and process.taken is not None and child.since is not None and child.since > process.taken


def _hook(context: ContextMoment) -> tuple[str, Style, int | None]:
    span = innermost(context)
    if span is None:
        return "runs, in no hook", DIM, context.begin
    return f"{CURRENT} {span.hook}", context_style(context.label) + BOLD, span.since
