"""The rail: the way of a connection through the hooks, with the present one lit."""

from rich.style import Style

from tracer.probe.hooks import STAGES
from tracer.timeline.moment import ConnectionMoment, ContextMoment, Held

from ..lines import Line, cells, fit, line
from ..marks import CURRENT, DIM, FOCUS, HELD, MORE, PLAIN, STOPPED, context_style
from ..paths import Path, hook_after
from ..servers import details, why_no_server
from ..view import View, held_words
from .panel import Panel

_LOOP = {"here": "loop", "thread": "loop", "child": "parent", "own": "loop"}
_BRANCH = {"thread": "thread", "child": "child", "own": "served"}


class Rail(Panel, can_focus=True):
    """The hooks a connection passes, in order. The reversed one is where control is now."""

    NAME = "Rail"
    HELP_TEXT = (
        "The hooks that a connection passes under this server class, in their order. A lit hook is where control is now. "
        "It follows the newest open connection whose handler runs; ‖handle is held before that hook, handle‖ after it. "
        "Where the path forks there are two lines: the loop's, and that of the thread or child that serves the connection.\n\n"
        "For datagrams shutdown_request and close_request are called too, and do nothing: there is no connection to close.\n\n"
        "The stages of a server's life:\n\n" + "\n".join(f"  {name:9} {sentence}" for name, sentence in STAGES.items())
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
        stages = [_stages(path.trunk, at[0] if at else None, loop, _held(view, loop), number, rest, _ends(path))]
        if path.branch:
            lit = own_hook(branch, number, path.branch) if branch is not None else None
            stages.append(_stages(path.branch, lit, branch, _held(view, branch), number, rest, _datagram(path)))
        mark = FOCUS if self.has_focus else " "
        return [line(mark, *fit(head, size, pad=True), *found) for head, found in zip(heads, stages, strict=True)]


def next_hook(view: View, held: Held) -> str:
    """The hook of the rail that a held context comes to next; "": none is known."""
    path, context = view.path, view.moment.context(held.context)
    if path is None or context is None:
        return ""
    hooks = path.branch if path.branch and context != view.loop else path.trunk
    if held.hook in hooks:
        return hook_after(hooks, held.hook, ended=held.when == "after")
    around = own_hook(context, held.connection, hooks)
    return hook_after(hooks, around, ended=False) if around is not None else ""


def _held(view: View, context: ContextMoment | None) -> Held | None:
    return view.held(context.context) if context is not None else None


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


def _stages(
    hooks: tuple[str, ...], lit: str | None, context: ContextMoment | None, held: Held | None, number: int | None, width: int, note: str
) -> Line:
    """The hooks, as many around the lit one as there is room for, and what control does if it is in a hook beside the rail."""
    style = context_style(context.label) if context is not None else PLAIN
    aside = ""
    if held is not None and held.hook in hooks and held.connection in (None, number):
        lit = held.hook
    elif held is not None:
        whose = f" #{held.connection}" if held.connection not in (None, number) else ""
        aside = f"  {held_words(held)}{whose}"
    elif context is not None and context.stack and context.stack[-1].hook not in hooks and context.stack[-1].hook in _ASIDE:
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
    for step in range(first, last):
        name = hooks[step]
        pieces += [(" ▸ ", DIM)] if step > first else []
        if name == lit:
            words, colour = _lit(name, held if not aside else None, style)
            pieces.append((words, colour + Style(reverse=True, bold=True)))
        else:
            pieces.append((name, PLAIN if lit and step < place else DIM))
    pieces += [(f" ▸ {MORE}", DIM)] if last < len(hooks) else []
    found = line(*pieces, (aside, style if held is None else STOPPED))
    return line(*found, (note, DIM)) if cells(found) + len(note) <= width else found


def _lit(name: str, held: Held | None, style: Style) -> tuple[str, Style]:
    """The hook where control is; the mark of one that is held stands on the side on which it waits."""
    if held is None:
        return f"{CURRENT}{name}", style
    return f"{HELD}{name}" if held.when == "before" else f"{name}{HELD}", STOPPED


_ASIDE = {"handle_error", "collect_children", "waitpid", "server_close", "handle_timeout", "Thread.join"}


def _length(hooks: tuple[str, ...], first: int, last: int) -> int:
    names = sum(len(name) for name in hooks[first:last]) + 3 * (last - first - 1)
    return names + 1 + 4 * (first > 0) + 4 * (last < len(hooks))
