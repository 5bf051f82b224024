"""The threads of the watched server's process."""

from tracer.timeline.moment import HandlerThread, ProcessMoment, ServerMoment
from tracer.timeline.units import count, duration, ticking

from ..lines import Line, cells, ends, first, line
from ..marks import BOLD, CURRENT, DIM, PLAIN, STOPPED, WARN, context_style
from ..servers import is_a, kept_threads, no_server, of_process
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
        "kept) and how many the kernel lists, both at the time the kernel was asked. Below are the newest threads of connections that "
        "have ended, and what server_close does: it joins the threads that are no daemons, unless block_on_close is off; whom it "
        "does not wait for is left."
    )

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        process = view.process
        if view.server is None:
            return [line((no_server(view), DIM))]
        if process is None:
            return [line(("no server process now", DIM))]
        handlers = {one.context: one for one in process.handlers}
        states = {thread.label: thread.state for thread in process.threads if thread.label is not None}
        lines = [_compared(view, process), *_kept(view, process), *of_process(view)]
        for context in (one for one in view.moment.contexts if one.process == process.process):
            style = context_style(context.label)
            number = f"#{context.connection}" if context.connection is not None else ""
            head = line((f"{context.label:7}", style), (f" {number:5} ", PLAIN))
            handler = handlers.get(context.context)
            name = "" if width < 60 or context.name in ("", "MainThread") else f"  {context.name}{_kind(handler)}"
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
            lines += _joined(view, handler)
        for thread in process.threads:
            if thread.label is None:
                words = f"tid {thread.tid} {thread.name}, no hook"
                lines.append(ends(line((words, DIM)), line((f"{thread.state}        ", DIM)), width))
        lines += [_ended(view, one, width) for one in process.handlers if one.ended is not None]
        if words := _at_close(view.server):
            lines.append(line((words, DIM)))
        return first(lines, height)


def _kept(view: View, process: ProcessMoment) -> list[Line]:
    """Where the server keeps threads that have ended: it drops them when it starts the next."""
    keeps = kept_threads(view)
    serving = {one.label for one in process.handlers}
    runs = sum(thread.label in serving for thread in process.threads)
    if not keeps.isdigit() or not process.handlers or runs >= int(keeps) or process.taken is None:
        return []
    return [line((f"of {keeps} kept {runs or 'none'} still run{'s' * (runs < 2)}", DIM))]


def _at_close(server: ServerMoment) -> str:
    """What server_close does with the threads of the server's connections."""
    if not is_a(server, "ThreadingMixIn") or "daemon_threads" not in server.settings:
        return ""
    names = [name.rpartition(".")[2] for name in server.mro]
    if "BaseServer" in names[: names.index("ThreadingMixIn")]:  # it stands behind the class whose server_close is found first
        return "server_close joins none: its class comes before the mix-in"
    if server.settings["daemon_threads"]:
        return "daemon threads: the server keeps none"
    return "server_close joins them" if server.settings.get("block_on_close", True) else "block_on_close is off: none is joined"


def _kind(handler: HandlerThread | None) -> str:
    """Whether it is a daemon, as the server's settings have it."""
    return "" if handler is None or handler.daemon is None else ", daemon" if handler.daemon else ", no daemon"


def _joined(view: View, handler: HandlerThread | None) -> list[Line]:
    """Who waits for its end, or that a server that was closed has left it."""
    if handler is None:
        return []
    if handler.joining is not None:
        return [line((f"        {handler.join_hook or 'join'} waits for it: {ticking(view.now - handler.joining)}", WARN))]
    closed = view.server is not None and view.server.server in view.closed
    return [line(("        left: server_close has not waited", WARN))] if closed and handler.kept is False else []


def _ended(view: View, handler: HandlerThread, width: int) -> Line:
    """A thread that has ended."""
    number = f"#{handler.connection}" if handler.connection is not None else ""
    lasted = f"ended after {duration(handler.ended - handler.begin)}" if handler.ended is not None else ""
    joined = f", joined by {handler.join_hook or 'join'}" if handler.joined is not None else ""
    head = line((f"{handler.label:7}", context_style(handler.label) + DIM), (f" {number:5} {lasted}{joined}", DIM))
    return ends(head, line((when(view, handler.ended), DIM)) if handler.ended is not None else [], width)


def _compared(view: View, process: ProcessMoment) -> Line:
    """What the server keeps beside what the kernel lists, and the time of which both speak."""
    keeps = kept_threads(view)
    believed = f"server keeps {keeps} · " if keeps else ""
    if process.taken is None or not process.threads:
        return line(f"{believed}kernel n/a ({'no sample yet' if process.taken is None else 'the sample does not say'})")
    kernel = f"kernel {len(process.threads)}" if believed else f"kernel lists {count(len(process.threads), 'thread')}"
    return line(f"{when(view, process.taken)}: {believed}{kernel}")
