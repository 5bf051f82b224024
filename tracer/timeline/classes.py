"""Which class stands behind which, as far as the recording decides: a server's as it was told, a handler's as the source text says.

Rules of this file:
1. None: it is not known. A handler's classes are known where each of them has one base, up to the framework's.
"""

import ast
from dataclasses import dataclass

from .codes import Code
from .contexts import string
from .source import Call, Caller, call_lines, constructor_calls, parsed
from .timeline import Timeline

HANDLER_BASE = "BaseRequestHandler"
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Supplier:
    """A class, and where its text is, if that is recorded."""

    module: str
    name: str  # qualified
    file: str = ""


def server_classes(timeline: Timeline, server: int | None, t: int) -> tuple[str, ...]:
    """The names of a server's classes in the order of its MRO; none if they are not known.

    A server is told of when its constructor ends, and is of the same classes before.
    """
    known = timeline.servers.get(server, []) if server is not None else []
    told = [fact for since, _, fact in known if since <= t][-1:] or [fact for _, _, fact in known[:1]]
    mro = told[0].get("mro") if told else None
    return tuple(str(name) for name in mro) if isinstance(mro, list) else ()


def handler_classes(timeline: Timeline, server: int | None) -> tuple[Supplier, ...] | None:
    """The classes of a server's handlers, up to the framework's BaseRequestHandler; None if the recording does not decide."""
    known = timeline.servers.get(server, []) if server is not None else []
    names = {string(fact, "handler") for _, _, fact in known}
    if len(names) != 1:
        return None
    full = names.pop()
    starts = {Supplier(module, full[len(module) + 1 :], file) for module, file in _files(timeline) if full.startswith(f"{module}.")}
    starts = {one for one in starts if _definition(timeline, one) is not None}
    return _up(timeline, starts.pop()) if len(starts) == 1 else None


def classes_of(timeline: Timeline, code: Code) -> tuple[Supplier, ...] | None:
    """The class that supplies a handler's hook and those above it, up to BaseRequestHandler; None if the recording does not decide."""
    text = timeline.sources.get(code.file)
    known = parsed(text) if text is not None else None
    if known is None:
        return None
    names = [name for name in known.classes if name.rpartition(".")[2] == code.owner]
    return _up(timeline, Supplier(code.module, names[0], code.file)) if len(names) == 1 else None


def _up(timeline: Timeline, start: Supplier) -> tuple[Supplier, ...] | None:
    chain = [start]
    while len(chain) < _DEEPEST:
        definition = _definition(timeline, chain[-1])
        if chain[-1].name == HANDLER_BASE:
            return tuple(chain)
        if definition is None or len(definition.bases) != 1 or definition.keywords:
            return None
        above = _base(timeline, chain[-1], definition.bases[0])
        if above is None:
            return None
        chain.append(above)
    return None


def _base(timeline: Timeline, of: Supplier, base: ast.expr) -> Supplier | None:
    """The class that stands in a class statement as its base."""
    text = timeline.sources[of.file]
    known = parsed(text)
    dotted = ast.unparse(base)
    if known is None or not all(part.isidentifier() for part in dotted.split(".")):
        return None
    if dotted in known.classes:
        return Supplier(of.module, dotted, of.file)
    imported = _imported(known.imports, dotted)
    module, _, name = imported.rpartition(".")
    found = {
        Supplier(code.module, name, code.file)
        for code in timeline.codes.values()
        if code.owner == name and code.file and (code.module == module or code.module.startswith(f"{module}."))
    }
    found = {one for one in found if _definition(timeline, one) is not None}
    return found.pop() if len(found) == 1 else None


def _imported(imports: dict[str, str], dotted: str) -> str:
    """The full name of what a file calls so."""
    head, rest = dotted, ""
    while head:
        if head in imports:
            return f"{imports[head]}.{rest}" if rest else imports[head]
        head, _, last = head.rpartition(".")
        rest = f"{last}.{rest}" if rest else last
    return ""


def _definition(timeline: Timeline, one: Supplier) -> ast.ClassDef | None:
    text = timeline.sources.get(one.file)
    known = parsed(text) if text is not None else None
    found = known.classes.get(one.name) if known is not None else None
    return found if found is not None and found.name else None


def _files(timeline: Timeline) -> set[tuple[str, str]]:
    """Every module that supplies a hook, with its file."""
    return {(code.module, code.file) for code in timeline.codes.values() if code.module and code.file}


def overridden(timeline: Timeline, hook: str, names: tuple[str, ...], place: int) -> Code | None:
    """The code that the first class behind `place` supplies for a hook; the names are those of an MRO."""
    for name in names[place + 1 :]:
        module, _, _ = name.rpartition(".")
        for code in timeline.codes.values():
            if code.hook == hook and code.module == module and name == f"{module}.{code.owner}":
                return code
    return None


def constructor(timeline: Timeline, chain: tuple[Supplier, ...]) -> tuple[str, int] | None:
    """(file, line) of BaseRequestHandler's constructor, if it is certain that it calls the hooks of such a handler."""
    for one in chain[:-1]:
        own = _constructor_line(timeline, one)
        if own:
            above, itself = constructor_calls(timeline.sources[one.file], own)
            if not above or itself:
                return None
    line = _constructor_line(timeline, chain[-1])
    return (chain[-1].file, line) if line else None


def _constructor_line(timeline: Timeline, one: Supplier) -> int:
    definition = _definition(timeline, one)
    return _method_line(definition, "__init__") if definition is not None else 0


def _method_line(definition: ast.ClassDef, name: str) -> int:
    found = [item for item in definition.body if isinstance(item, ast.FunctionDef) and item.name == name]
    return min([found[0].lineno, *(each.lineno for each in found[0].decorator_list)]) if len(found) == 1 else 0


def joining_lines(timeline: Timeline, file: str) -> tuple[int, ...]:
    """The lines, of what the framework's server_close calls to join its threads, that join one; it stands in the same file."""
    text = timeline.sources.get(file)
    known = parsed(text) if text is not None else None
    definition = known.classes.get("_Threads") if known is not None else None
    line = _method_line(definition, "join") if definition is not None else 0
    return call_lines(Caller(text, line), [Call("Thread.join")]) if text is not None and line else ()
