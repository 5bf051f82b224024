"""Recorded source text: where a function begins and ends, and in which of its lines another hook is called.

Rules of this file:
1. Pure functions of texts: nothing is read, nothing of them is run.
2. No line is better than a wrong one. Several lines mean: one of these.
"""

import ast
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from tracer.probe.hooks import HOOKS

from .flow import Called, Flow, Outcome, TooBig

_LARGEST = 300_000  # characters: a longer text is not parsed, it would take too long
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
HANDLER = ("setup", "handle", "finish")

Def: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed text."""

    defs: dict[int, Def]  # by the line that Python gives a function: that of its first decorator, else that of `def`
    classes: dict[str, ast.ClassDef]  # by qualified name
    imports: dict[str, str]  # name -> what it stands for: `socketserver`, `socketserver.TCPServer`


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a hook, as it was recorded, as far as source text can be compared with it."""

    hook: str
    outcome: Outcome = ""
    error: str = ""  # as told: "ZeroDivisionError: division by zero"
    truth: bool | None = None  # of what it returned, where that is recorded
    pid: int | None = None  # that waitpid was asked for


def parsed(text: str) -> Text | None:
    """The text's functions, classes and imports; None if it cannot be parsed."""
    return _parsed(text) if len(text) <= _LARGEST else None


@lru_cache(64)
def _parsed(text: str) -> Text | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = Text({}, {}, {})
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, inside = waiting.pop()
        for one in ast.iter_child_nodes(node):
            name = inside
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                found.defs[min([one.lineno, *(each.lineno for each in one.decorator_list)])] = one
                name = f"{inside}{one.name}.<locals>."
            elif isinstance(one, ast.ClassDef):
                name = f"{inside}{one.name}"
                # Defined twice, as in the two branches of an `if`: which of them it is cannot be told.
                found.classes[name] = _NEITHER if name in found.classes else one
                name += "."
            elif isinstance(one, ast.Import):
                found.imports.update((each.asname, each.name) if each.asname else (each.name, each.name) for each in one.names)
            elif isinstance(one, ast.ImportFrom) and not one.level:
                found.imports.update((each.asname or each.name, f"{one.module}.{each.name}") for each in one.names)
            waiting.append((one, name))
    return found


_NEITHER = ast.ClassDef("", [], [], [], [])


@lru_cache(64)
def lines_of(text: str) -> tuple[str, ...]:
    """The text's lines, as Python counts them."""
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def function_lines(text: str, line: int) -> tuple[int, int]:
    """The first and the last line of the function that Python gives that line, decorators included; (0, 0): there is no such line."""
    lines = lines_of(text)
    if not 1 <= line <= len(lines):
        return 0, 0
    known = parsed(text)
    if known is not None:
        one = known.defs.get(line)
        # A lambda, or a text that was changed since: nothing is known but the line.
        return (line, one.end_lineno or line) if one is not None else (line, line)
    return line, _indented(lines, line)


def _indented(lines: Sequence[str], line: int) -> int:
    """The last line of what is indented deeper than that line, or than the first `def` below its decorators."""
    start = line
    while start < len(lines) and lines[start - 1].lstrip().startswith("@"):
        start += 1
    depth, last = _depth(lines[start - 1]), start
    for number in range(start + 1, len(lines) + 1):
        if lines[number - 1].strip():
            if _depth(lines[number - 1]) <= depth:
                break
            last = number
    return last


def _depth(line: str) -> int:
    expanded = line.expandtabs()
    return len(expanded) - len(expanded.lstrip())


def def_line(text: str, line: int) -> int:
    """The line of the word `def`."""
    known = parsed(text)
    one = known.defs.get(line) if known is not None else None
    return one.lineno if one is not None else line


# ---- calls in the text


@dataclass(frozen=True, slots=True)
class Caller:
    """A function in which calls are looked for."""

    text: str  # of its file
    line: int  # that Python gives it
    hook: str = ""  # that it is, if it is one
    framework: bool = True  # it is no code of the program's: only there are system calls seen


def call_lines(caller: Caller, calls: Sequence[Call], whole: bool = False) -> tuple[int, ...]:
    """The lines of a function in which the last of `calls` may have been made.

    None: it is not called there in a way that can be read. Several: what was called does not decide. The others are the calls that
    the same run of the function made right before, in order; with `whole`, all of them.
    """
    last = calls[-1]
    fitting = [site for site in _sites(caller) if _fits(last, site, caller)]
    lines = tuple(sorted({site.call.lineno for site in fitting}))
    if len(lines) < 2 or any(site.deferred for site in fitting):
        return lines
    flow = _flow(caller, frozenset(call.hook for call in calls if call.hook not in HOOKS))
    if flow is None:
        return lines
    sites = {id(site.call): site for site in _sites(caller)}

    def fits(call: Call) -> Callable[[ast.Call], bool]:
        return lambda found: _fits(call, sites[id(found)], caller)

    told = [
        Called(fits(call), call.outcome, call.error.partition(":")[0], call.truth)
        for call in calls
        if any(_fits(call, site, caller) for site in sites.values())  # else it is made somewhere in what the function calls
    ]
    return tuple(sorted({found.lineno for found in flow.sites(told, whole)}))


def constructor_calls(text: str, line: int) -> tuple[bool, bool]:
    """(whether a handler's constructor calls the one above it, whether it calls setup, handle or finish itself)."""
    sites = _sites(Caller(text, line))
    above = any(site.name == "__init__" and site.how in ("super", "class") for site in sites)
    return above, any(site.name in HANDLER and site.how != "other" for site in sites)


@dataclass(frozen=True, slots=True)
class _Site:
    """A call in the text."""

    call: ast.Call
    how: str  # "self", "super", "class", "server", "os", "name", or "other": what is called
    name: str
    of: str  # the name before the dot, if there is one
    deferred: bool  # within a function or lambda of its own, which may be called at any time


@lru_cache(256)
def _sites(caller: Caller) -> tuple[_Site, ...]:
    known = parsed(caller.text)
    function = known.defs.get(caller.line) if known is not None else None
    if function is None:
        return ()
    arguments = [*function.args.posonlyargs, *function.args.args]
    own = arguments[0].arg if arguments else ""
    found = []
    waiting: list[tuple[ast.AST, bool]] = [(one, False) for one in function.body]
    while waiting:
        node, deferred = waiting.pop()
        if isinstance(node, ast.Call) and (site := _site(node, own, deferred)) is not None:
            found.append(site)
        waiting += [(one, deferred or isinstance(node, _SCOPES)) for one in ast.iter_child_nodes(node)]
    return tuple(found)


def _site(call: ast.Call, own: str, deferred: bool) -> _Site | None:
    match call.func:
        case ast.Name(id=name):
            return _Site(call, "name", name, "", deferred)
        case ast.Attribute(value=ast.Name(id=of), attr=name):
            first = call.args[0] if call.args else None
            if of == own:
                return _Site(call, "self", name, of, deferred)
            if isinstance(first, ast.Name) and first.id == own and own:
                return _Site(call, "class", name, of, deferred)
            return _Site(call, "os" if of == "os" else "other", name, of, deferred)
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
            return _Site(call, "super", name, "", deferred)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=of), attr=inner), attr=name):
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Name) and first.id == own and own:
                return _Site(call, "class", name, inner, deferred)
            return _Site(call, "server" if (of, inner) == (own, "server") else "other", name, inner, deferred)
    return None


def _fits(call: Call, site: _Site, caller: Caller) -> bool:
    """Whether that may be the call."""
    name, row = call.hook.rpartition(".")[2], HOOKS.get(call.hook)
    if row is not None and row.on == "system":
        return caller.framework and _is_system(call, site)
    if caller.hook == "finish_request" and name in HANDLER:
        return site.how == "self" and site.name == "RequestHandlerClass"
    if caller.hook == "Thread.run":
        return name == "process_request_thread" and site.how == "self" and site.name == "_target"
    if name == "fileno" and caller.framework:
        return site.name == "register" and site.of == "selector"
    if name.startswith("do_") and caller.hook == "handle_one_request":
        return site.how == "name" and site.name == "method"
    if site.name != name:
        return False
    if call.hook == caller.hook:  # one level of a super() chain: through self it would be the object's own again
        return site.how in ("super", "class")
    return site.how in ("self", "super", "class") or (site.how == "server" and row is not None and row.on == "server")


def _is_system(call: Call, site: _Site) -> bool:
    match call.hook:
        case "waitpid" if call.pid is not None and site.how == "os" and site.name == "waitpid":
            return _whom(site) == (-1 if call.pid == -1 else None)  # a server's children are known by their pids
        case "fork" | "_exit" | "waitpid":
            return site.how == "os" and site.name == call.hook
        case "select":
            return site.name == "select" and site.of == "selector"
        case "Thread.start":
            return site.name == "start" and site.how == "other"
        case "Thread.join":
            return site.name == "join" and site.of in ("_threads", "thread")
    return False


def _whom(site: _Site) -> int | None:
    """The pid that stands in a call of waitpid as a number."""
    match site.call.args[:1]:
        case [ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(pid)))]:
            return -pid
    return None


@lru_cache(128)
def _flow(caller: Caller, own: frozenset[str]) -> Flow | None:
    """The ways through a function, of whose calls those count that may be hooks; `own` are the program's."""
    known = parsed(caller.text)
    assert known is not None
    hooks = [Call(hook) for hook in (*HOOKS, *own)]
    sites = {id(site.call) for site in _sites(caller) if any(_fits(hook, site, caller) for hook in hooks)}
    try:
        return Flow(known.defs[caller.line], lambda call: id(call) in sites)
    except (TooBig, RecursionError):
        return None
