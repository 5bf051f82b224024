"""The rail: the way of a connection through the hooks, with the present one lit."""

from dataclasses import dataclass

from rich.style import Style

from tracer.probe.hooks import STAGES
from tracer.timeline.course import Course, Passed
from tracer.timeline.moment import ConnectionMoment, ContextMoment, Held

from ..fates import fate
from ..lines import Line, cells, fit, line
from ..marks import BAD, CURRENT, DIM, FOCUS, HELD, KILLED, MORE, NEVER, PLAIN, RAISED, REFUSED, STOPPED, WARN, context_style
from ..paths import Path, hook_after, under, with_called
from ..servers import details, loop_of, why_no_server
from ..view import View, held_words
from .panel import Panel

_LOOP = {"here": "loop", "thread": "loop", "child": "parent", "own": "loop"}
_BRANCH = {"thread": "thread", "child": "child", "own": "served"}


class Rail(Panel, can_focus=True):
    """The hooks a connection passes, in order. The reversed one is where control is now."""

    NAME = "Rail"
    HELP_TEXT = (
        "The hooks that a connection passes under this server class, in their order. The lit hook (▶) is where control is now; "
        "‖handle is held before that hook, handle‖ after it. It is about the connection of the call at the cursor, else the newest "
        "open one whose handler runs. Where the path forks there are two lines: the loop's, and that of the thread or child that "
        "serves the connection.\n\n"
        "Hooks that the connection has passed are plain, those to come are dim. ✗ an exception left the hook, ⊘ verify_request "
        "said no, ☓ a signal killed the process in it; – the hook was not called and will not be, because of what came before. "
        "handle_error stands there only where it was called. How a connection ended stands at the end of the line.\n\n"
        "Under handle_request there is no service_actions. For datagrams (shutdown_request) and (close_request) are called too, and do "
        "nothing: there is no connection to close.\n\n"
        "The stages of a server's life:\n\n" + "\n".join(f"  {name:9} {sentence}" for name, sentence in STAGES.items())
    )

    def help(self, view: View) -> str:
        return f"{self.HELP_TEXT}\n\nThe servers:\n\n{details(view)}"

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        path, focus, loop = _path(view), view.focus, view.loop
        if path is None:
            return [line((f"  {why_no_server(view)}", DIM))]
        number = focus.number if focus is not None else None
        course = view.course if view.course is not None and view.course.connection.number == number else None
        sides = _sides(path, course)
        at = loop_hook(loop, number, sides[0].hooks)
        ends = fate(focus) if focus is not None else _NO_FATE
        handed = bool(path.branch and sides[1].label)  # it ended, or will, in the branch
        inside = loop is not None and number is not None and any(span.connection == number for span in loop.stack)
        whose = number if inside or (ends[0] and not handed) else None
        heads = [_head(_LOOP[path.dispatch], loop.label if loop is not None else sides[0].label, whose)]
        branch: ContextMoment | None = None
        if path.branch:
            branch = branch_context(view, focus, loop)
            label = branch.label if branch is not None else sides[1].label
            heads.append(_head(_BRANCH[path.dispatch], label, number if label else None))
        size = max(cells(head) for head in heads) + 2
        rest = width - size - 1
        stages = [_stages(sides[0], at[0] if at else None, loop, _held(view, loop), number, rest, _NO_FATE if handed else ends)]
        if path.branch:
            lit = own_hook(branch, number, sides[1].hooks) if branch is not None else None
            stages.append(_stages(sides[1], lit, branch, _held(view, branch), number, rest, ends if handed else _NO_FATE))
        mark = FOCUS if self.has_focus else " "
        return [line(mark, *fit(head, size, pad=True), *found) for head, found in zip(heads, stages, strict=True)]


@dataclass(frozen=True, slots=True)
class _Side:
    """One line of the rail: the loop's, or that of the thread or child that serves."""

    hooks: tuple[str, ...]
    results: dict[str, str]  # hook -> what came of its newest call; "never": it was not called and will not be
    label: str  # of the context that was in it last; "" if none was
    note: str
    nothing: frozenset[str] = frozenset()  # hooks that are called and do nothing
    known: bool = False  # whether it is known where the connection has been


def _path(view: View) -> Path | None:
    """The path of a connection under the loop that runs, or has taken the focused connection."""
    running = loop_of(view.loop) if view.loop is not None else None
    loop = running.hook if running is not None else view.course.loop if view.course is not None else ""
    return under(view.path, loop) if view.path is not None else None


def _sides(path: Path, course: Course | None) -> list[_Side]:
    """The lines of the rail, with what is known of the connection's course on each."""
    here, there = (course.side(True), course.side(False)) if course is not None else ([], [])
    over = course.over if course is not None else (False, False)
    if path.branch and not there and any(one.hook == "finish_request" for one in here):  # a class that serves in the loop after all
        there = [one for one in here if one.hook in path.branch]
        here = [one for one in here if one.hook not in path.branch]
        over = over[0], over[0]
    trunk = _side(path, path.trunk, here, over[0], course, _ends(path))
    return [trunk, _side(path, path.branch, there, over[1], course, _datagram(path))] if path.branch else [trunk]


def _side(path: Path, documented: tuple[str, ...], calls: list[Passed], over: bool, course: Course | None, note: str) -> _Side:
    newest = {one.hook: one for one in calls}
    hooks = with_called(documented, newest)
    results: dict[str, str] = {hook: one.result for hook, one in newest.items()}
    killed = [hook for hook, result in results.items() if result == "killed"]
    results.update(dict.fromkeys(killed[:-1], "returned"))  # those around the one that it was killed in
    reached = max((hooks.index(hook) for hook in newest), default=-1)
    if course is not None:
        for place, hook in enumerate(hooks):
            if hook not in newest and hook not in _BETWEEN and (over or place < reached):
                results[hook] = "never"
    of_the_programs = {one.hook for one in calls if not one.framework}
    nothing = frozenset({"shutdown_request", "close_request"} - of_the_programs) if path.datagram else frozenset()
    return _Side(hooks, results, calls[-1].label if calls else "", note, nothing, course is not None)


def next_hook(view: View, held: Held) -> str:
    """The hook of the rail that a held context comes to next; "": none is known."""
    path, context = _path(view), view.moment.context(held.context)
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
    return "  (): nothing to close" if path.datagram else ""


def _head(role: str, label: str, number: int | None) -> Line:
    shown = f" #{number}" if number is not None else ""
    return line((f"{role} ", DIM), (label or "–", context_style(label) if label else DIM), (shown, PLAIN))


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
    inside = [one for one in view.moment.contexts if one is not loop and one.connection == focus.number and one.kind != "client"]
    return next((one for one in inside if one.context == focus.context), inside[-1] if inside else None)


def own_hook(context: ContextMoment, number: int | None, hooks: tuple[str, ...]) -> str | None:
    """The innermost hook of the rail that the context is in for the connection."""
    return next((span.hook for span in reversed(context.stack) if span.hook in hooks and span.connection in (None, number)), None)


def _stages(
    side: _Side,
    lit: str | None,
    context: ContextMoment | None,
    held: Held | None,
    number: int | None,
    width: int,
    ends: tuple[str, Style],
) -> Line:
    """The hooks, as many around the lit one as there is room for; what control does in a hook beside the rail; how it ended."""
    hooks = side.hooks
    style = context_style(context.label) if context is not None else PLAIN
    aside = ""
    if held is not None and held.hook in hooks and held.connection in (None, number):
        lit = held.hook
    elif held is not None:
        whose = f" #{held.connection}" if held.connection not in (None, number) else ""
        aside = f"  {held_words(held)}{whose}"
    elif context is not None and context.stack and context.stack[-1].hook not in hooks and context.stack[-1].hook in _ASIDE:
        aside = f"  now in {context.stack[-1].hook}"
    pieces = [_piece(side, place, lit, held if not aside else None, style) for place in range(len(hooks))]
    ended = f"  {ends[0]}" if ends[0] else ""
    first, last = _window([len(words) for words, _ in pieces], _middle(side, lit, bool(ended)), width - len(aside) - len(ended))
    found = line((f"{MORE} ▸ ", DIM)) if first else []
    for step in range(first, last):
        found += line(*([(" ▸ ", DIM)] if step > first else []), pieces[step])
    found += line(*([(f" ▸ {MORE}", DIM)] if last < len(hooks) else []), (aside, style if held is None else STOPPED), (ended, ends[1]))
    return line(*found, (side.note, DIM)) if cells(found) + len(side.note) <= width else found


def _piece(side: _Side, place: int, lit: str | None, held: Held | None, style: Style) -> tuple[str, Style]:
    """One hook with its mark, and how to draw it."""
    name = side.hooks[place]
    shown = f"({name})" if name in side.nothing else name
    if name == lit:
        words, colour = _lit(shown, held, style)
        return words, colour + Style(reverse=True, bold=True)
    mark, colour = _RESULTS.get(side.results.get(name, ""), ("", PLAIN if _is_behind(side, place, lit) else DIM))
    return f"{mark}{shown}", colour


def _is_behind(side: _Side, place: int, lit: str | None) -> bool:
    """Whether a hook of which nothing is known is over: where no course is known, those in front of the lit one are."""
    return not side.known and lit in side.hooks and place < side.hooks.index(lit)


def _middle(side: _Side, lit: str | None, ended: bool) -> int:
    """Which hook is to be seen in any case: where an ended connection went wrong; the lit one; the last that was called."""
    called = [place for place, hook in enumerate(side.hooks) if side.results.get(hook, "never") != "never"]
    wrong = [place for place in called if side.results[side.hooks[place]] in _WRONG]
    if ended and wrong:
        return wrong[-1]
    if lit in side.hooks and not (ended and called):
        return side.hooks.index(lit)
    return called[-1] if called else 0


def _window(sizes: list[int], middle: int, room: int) -> tuple[int, int]:
    """Which hooks, those of these sizes, there is room for: as many around the one in the middle as fit."""
    first, last = middle, middle + 1
    while True:
        for low, high in ((first - 1, last), (first, last + 1)):
            if low >= 0 and high <= len(sizes) and _length(sizes, low, high) <= room:
                first, last = low, high
                break
        else:
            return first, last


def _length(sizes: list[int], first: int, last: int) -> int:
    return sum(sizes[first:last]) + 3 * (last - first - 1) + 4 * (first > 0) + 4 * (last < len(sizes))


def _lit(name: str, held: Held | None, style: Style) -> tuple[str, Style]:
    """The hook where control is; the mark of one that is held stands on the side on which it waits."""
    if held is None:
        return f"{CURRENT}{name}", style
    return f"{HELD}{name}" if held.when == "before" else f"{name}{HELD}", STOPPED


_ASIDE = {"handle_error", "collect_children", "waitpid", "server_close", "handle_timeout", "Thread.join"}
_BETWEEN = {"select", "service_actions"}  # hooks of the loop that are about no connection
_NO_FATE = ("", PLAIN)
_WRONG = {"raised", "refused", "killed"}
_RESULTS: dict[str, tuple[str, Style]] = {  # what came of a hook's call -> its mark, and how to draw it
    "inside": ("", PLAIN),
    "returned": ("", PLAIN),
    "exited": ("", PLAIN),
    "lost": ("", PLAIN),
    "raised": (RAISED, BAD),
    "refused": (REFUSED, WARN),
    "killed": (KILLED, BAD),
    "never": (NEVER, DIM),
}
