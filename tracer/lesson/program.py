"""Whether a lesson's server.py can be run and shown."""

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from .changes import problem_of

_PLACE = re.compile(r"line (\d+): ")


def problems_of(path: Path) -> Iterator[tuple[int, str]]:
    """What is wrong with the program in that file: line and words."""
    broken = problem_of(path)
    if broken is not None:
        place = _PLACE.match(broken)
        yield int(place[1]) if place else 1, _PLACE.sub("", broken, count=1)
        return
    for node in ast.walk(_tree(path.read_bytes())):
        if isinstance(node, ast.Import | ast.ImportFrom) and (cure := _readable(node)):
            yield node.lineno, f"lessons show the framework that is written to be read: write `{cure}`"


def _tree(source: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python says it again when the server runs
        return ast.parse(source)


def _readable(node: ast.Import | ast.ImportFrom) -> str:
    """What to write instead of an import of the standard module; "": it is no such import."""
    if isinstance(node, ast.ImportFrom):
        is_standard = node.module == "socketserver" and not node.level
        return f"from tracer.socketserver import {', '.join(map(ast.unparse, node.names))}" if is_standard else ""
    found = next((one for one in node.names if one.name == "socketserver"), None)
    return f"import tracer.socketserver as {found.asname or found.name}" if found is not None else ""
