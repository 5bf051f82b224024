"""The rail: the way of a connection through the hooks, with the present one lit."""

from rich.style import Style

from tracer.probe.hooks import STAGES
from tracer.timeline.moment import ConnectionMoment, ContextMoment

from ..lines import Line, cells, fit, line
from ..marks import CURRENT, DIM, FOCUS, HELD, MORE, PLAIN, STOPPED, context_style
from ..paths import Path
from ..servers import details, why_no_server
from ..view import View
from .panel import Panel

_LOOP = {"here": "loop", "thread": "loop", "child": "parent", "own": "loop"}
_BRANCH = {"thread": "thread", "child": "child", "own": "served"}


class Rail(Panel, can_focus=True):
    """The hooks a connection passes, in order. The reversed one is where control is now."""

    NAME = "Rail"
    HELP_TEXT = (
        "The hooks that a connection passes under this server class, in their order. A lit hook is where control is now. "
        "It follows the newest open connection whose handler runs; at ‖ it is held. Where the path forks there are two lines: the "
        "loop's, and that of the thread or child that serves the connection.\n\nFor datagrams shutdown_request and close_request are "
        "called too, and do nothing: there is no connection to close.\n\nThe stages of a server's life:\n\n"
        + "\n".join(f"  {name:9} {sentence}" for name, sentence in STAGES.items())
    )

    def help(self, view: View) -> str:
        return f"{self.HELP_TEXT}\n\nThe servers:\n\n{details(view)}"

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        path, focus, loop = view.path, view.focus, view.loop
        if path is None:
            return [line((f"  {why_no_server(view)}", DIM))]
        number = focus.number if focus is not None else None
        at = loop_hook(loop, number, path.trunk)
        heads = [_head(_LOOP[path.dispatch], loop, number if at and not at[1] else None)]
        branch: ContextMoment | None = None
        if path.branch:
            branch = branch_context(view, focus, loop)
            heads.append(_head(_BRANCH[path.dispatch], branch, number if branch is not None else None))
        size = max(cells(head) for head in heads) + 2
        rest = width - size - 1
        held = {one.context for one in view.moment.held}
        stages = [_stages(path.trunk, at[0] if at else None, loop, held, rest, _ends(path))]
        if path.branch:
            lit = own_hook(branch, number, path.branch) if branch is not None else None
            stages.append(_stages(path.branch, lit, branch, held, rest, _datagram(path)))
        mark = FOCUS if self.has_focus else " "
        return [line(mark, *fit(head, size, pad=True), *found) for head, found in zip(heads, stages, strict=True)]


def _ends(path: Path) -> str:
    if path.dispatch == "own":
        return f"  ({path.supplier} decides who serves)"
    return _datagram(path) if path.dispatch == "here" else ""


def _datagram(path: Path) -> str:
    # Called all the same: both do nothing for a datagram, whose request holds the server's own socket.
    return "  (a datagram has nothing to close)" if path.datagram else ""


def _head(role: str, context: ContextMoment | None, number: int | None) -> Line:
    name = context.label if context is not None else "–"
    shown = f" #{number}" if number is not None else ""
    return line((f"{role} ", DIM), (name, context_style(name) if context is not None else DIM), (shown, PLAIN))


def loop_hook(loop: ContextMoment | None, number: int | None, hooks: tuple[str, ...]) -> tuple[str, bool] | None:
    """Which hook of the rail the loop is in, and whether it is between connections; None while it serves another one."""
    if loop is None or not loop.stack:
        return None
    if loop.stack[-1].connection not in (None, number):
        return None
    for span in reversed(loop.stack):
        if span.hook in hooks:
            return span.hook, loop.stack[-1].connection is None
    return None


def branch_context(view: View, focus: ConnectionMoment | None, loop: ContextMoment | None) -> ContextMoment | None:
    """The thread or child that is inside the connection; None if there is none now."""
    if focus is None:
        return None
    inside = [one for one in view.moment.contexts if one is not loop and one.connection == focus.number]
    return next((one for one in inside if one.context == focus.context), inside[-1] if inside else None)


def own_hook(context: ContextMoment, number: int | None, hooks: tuple[str, ...]) -> str | None:
    """The innermost hook of the rail that the context is in for the connection."""
    return next((span.hook for span in reversed(context.stack) if span.hook in hooks and span.connection in (None, number)), None)


def _stages(hooks: tuple[str, ...], lit: str | None, context: ContextMoment | None, held: set[int], width: int, note: str) -> Line:
    """The hooks, as many around the lit one as there is room for, and what control does if it is in a hook beside the rail."""
    style = context_style(context.label) if context is not None else PLAIN
    aside = ""
    if context is not None and context.stack and context.stack[-1].hook not in hooks and context.stack[-1].hook in _ASIDE:
        aside = f"  now in {context.stack[-1].hook}"
    place = hooks.index(lit) if lit in hooks else 0
    first, last = place, place + 1
    room = width - len(aside)
    while True:
        for low, high in ((first - 1, last), (first, last + 1)):
            if low >= 0 and high <= len(hooks) and _length(hooks, low, high) <= room:
                first, last = low, high
                break
        else:
            break
    pieces: list[str | tuple[str, Style]] = [(f"{MORE} ▸ ", DIM)] if first else []
    for number in range(first, last):
        name = hooks[number]
        pieces += [(" ▸ ", DIM)] if number > first else []
        if name == lit:
            is_held = context is not None and context.context in held
            mark, colour = (HELD, STOPPED) if is_held else (CURRENT, style)
            pieces.append((f"{mark}{name}", colour + Style(reverse=True, bold=True)))
        else:
            pieces.append((name, PLAIN if lit and number < place else DIM))
    pieces += [(f" ▸ {MORE}", DIM)] if last < len(hooks) else []
    found = line(*pieces, (aside, style))
    return line(*found, (note, DIM)) if cells(found) + len(note) <= width else found


_ASIDE = {"handle_error", "collect_children", "waitpid", "server_close", "handle_timeout", "Thread.join"}


def _length(hooks: tuple[str, ...], first: int, last: int) -> int:
    names = sum(len(name) for name in hooks[first:last]) + 3 * (last - first - 1)
    return names + 1 + 4 * (first > 0) + 4 * (last < len(hooks))
