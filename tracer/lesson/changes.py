"""Experiments: a server.py with one thing changed, and the copy that a student edits.

Rules of this file:
1. A change touches the text of one value. All else stays byte for byte, and the program stays the same but for that value.
2. What a student wrote is never written over.
"""

import ast
import io
import re
import shlex
import shutil
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from tracer.recording.private import make_folder, read, write
from tracer.recording.text import harmless

from .progress import file_name, learn_folder

_LONGEST = 80  # letters of a program that are shown
_NO_PROGRAM = (SyntaxError, ValueError, MemoryError, RecursionError)  # what compile() raises
_Place: TypeAlias = ast.Assign | ast.AnnAssign | ast.keyword | ast.ClassDef  # where a value stands


class CannotChange(Exception):  # noqa: N818 - it says what cannot be done
    """Why an experiment cannot be made; the message is one line for the student."""

    def __init__(self, words: str) -> None:
        super().__init__(harmless(words))


def with_value(source: str, change: str, value: str) -> str:
    """The source with another value for what `change` names: a variable, a keyword argument, or `class NAME` for its bases.

    Raises CannotChange when there is not exactly one such place, or when the value does not fit there.
    """
    program, value = _program(source), value.strip()
    place = _place(program, change)
    new = _expression(value)
    data, (begin, end) = source.encode(), _extent(source, place)
    result = (data[:begin] + value.encode() + data[end:]).decode()
    _put(place, new)
    if not _is(program, result):
        raise CannotChange(f"`{value[:_LONGEST]}` does not fit in the place of `{data[begin:end].decode()[:_LONGEST]}`")
    return result


def value_of(source: str, change: str) -> str:
    """The text that `with_value` would replace. Raises CannotChange when there is not exactly one."""
    begin, end = _extent(source, _place(_program(source), change))
    return source.encode()[begin:end].decode()


def write_changed(server: Path, change: str, value: str, to: Path) -> None:
    """Write that server.py, with that change, to a file. Raises CannotChange and OSError."""
    to.write_bytes(with_value(server.read_bytes().decode("utf-8-sig"), change, value).encode())


def student_copy(lesson: str, server: Path, folder: Path | None = None) -> Path:
    """The student's own copy of the lesson's server.py, made if it is not there. Raises CannotChange.

    A copy that the student never changed becomes the lesson's newer one; any other stays as it is, and `newer` tells so.
    """
    home = (folder or learn_folder()) / file_name(lesson)
    copy, base = home / "server.py", _base(home / "server.py")
    try:
        make_folder(home.parent)
        make_folder(home)
        given, mine, known = read(server), _content(copy), _content(base)
        if mine is None:
            _create(copy, given)
        elif mine == known != given:
            write(copy, given)
        if known != given and mine in (None, given, known):
            write(base, given)
    except OSError as error:
        raise CannotChange(f"server.py cannot be copied for you: {error.filename or copy}: {error.strerror}") from None
    return copy


def newer(copy: Path, server: Path) -> str:
    """One line for the student whose changed copy was made of an older server.py than the lesson's; "" for any other."""
    try:
        outdated = _content(_base(copy)) not in (None, read(server))
    except OSError:
        return ""
    how = f"the lesson's server.py is newer than your copy, which stays as you left it: rename {copy} to begin with the new one"
    return harmless(how) if outdated else ""


def edit(path: Path, environment: Mapping[str, str]) -> list[str]:
    """The command that opens the file in the student's editor. Raises CannotChange when there is none."""
    variable = next((name for name in ("VISUAL", "EDITOR") if environment.get(name, "").strip()), None)
    if variable is None:
        editor = [name for name in ("nano", "vi") if _is_there(name, environment)][:1]
        if not editor:
            raise CannotChange("there is no editor: name yours in $EDITOR")
    else:
        editor = _split(variable, environment[variable])
        if not _is_there(editor[0], environment):
            raise CannotChange(f"${variable} names {editor[0]!r} as your editor, and there is no such program")
    return [*editor, str(path.absolute())]


def problem_of(path: Path) -> str | None:
    """What keeps Python from running that file, in one line; None: it compiles. Nothing of it is run."""
    try:
        data = read(path)
    except OSError as error:
        return harmless(f"{path} cannot be read: {error.strerror}")
    if b"\0" in data:
        return f"line {_line_at(data, data.index(0))}: there is a null byte in it"
    try:
        with suppress(LookupError):  # compile() says which
            data.decode(_encoding(data))
        _compile(data)
    except UnicodeDecodeError as error:
        return f"line {_line_at(data, error.start)}: this is no {error.encoding} text"
    except _NO_PROGRAM as error:
        return harmless(_words(error))
    return None


def _place(program: ast.Module, change: str) -> _Place:
    """Where the value stands that `change` names. Raises CannotChange when that is not exactly one place."""
    is_class, name = change.startswith("class "), change.removeprefix("class ").strip()
    found = [node for node in ast.walk(program) if isinstance(node, _Place)]
    found = [node for node in found if isinstance(node, ast.ClassDef) is is_class and name in _names(node)]
    if not found:
        raise CannotChange(f"server.py has no class {name}" if is_class else f"nothing in server.py gives {name} a value")
    if len(found) > 1:
        *lines, last = sorted(node.lineno for node in found)
        where = f"{', '.join(map(str, lines))} and {last}"
        raise CannotChange(f"{change} is in server.py more than once, in lines {where}: one of them must have another name")
    if not _values(found[0]):
        raise CannotChange(f"class {name} in server.py has no bases")
    return found[0]


def _names(place: _Place) -> list[str | None]:
    """What the value that stands there is called."""
    match place:
        case ast.ClassDef(name=name) | ast.keyword(arg=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return [name]
    return []


def _values(place: _Place) -> list[ast.expr]:
    if isinstance(place, ast.ClassDef):
        return place.bases
    return [place.value] if place.value else []


def _put(place: _Place, value: ast.expr) -> None:
    if isinstance(place, ast.ClassDef):
        place.bases = value.elts if isinstance(value, ast.Tuple) else [value]
    else:
        place.value = value


def _extent(source: str, place: _Place) -> tuple[int, int]:
    """Begin and end of the value's text, in bytes of UTF-8: so `ast` counts columns."""
    lines = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", source.encode()))]
    first, last = _values(place)[0], _values(place)[-1]
    return lines[first.lineno - 1] + first.col_offset, lines[(last.end_lineno or 0) - 1] + (last.end_col_offset or 0)


def _is(program: ast.Module, source: str) -> bool:
    """Whether that source is that program: no comment, bracket or comma of a new value does more than it should."""
    try:
        _compile(source)
        return ast.dump(_program(source)) == ast.dump(program)
    except (*_NO_PROGRAM, CannotChange):
        return False


def _program(source: str) -> ast.Module:
    try:
        with _quiet():
            return ast.parse(source)
    except _NO_PROGRAM as error:
        raise CannotChange(f"server.py: {_words(error)}") from None


def _expression(value: str) -> ast.expr:
    try:
        with _quiet():
            return ast.parse(value, mode="eval").body
    except _NO_PROGRAM as error:
        raise CannotChange(f"`{value[:_LONGEST]}` is no Python expression: {_words(error)}") from None


def _compile(source: str | bytes) -> None:
    with _quiet():
        compile(source, "server.py", "exec", dont_inherit=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """What Python says of doubtful code goes to no screen: it says it again when the server runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _words(error: BaseException) -> str:
    """What compile() has against a program."""
    if isinstance(error, SyntaxError):
        line, text = (f"line {error.lineno}: " if error.lineno else ""), (error.text or "").strip()[:_LONGEST]
        return f"{line}{error.msg}" + (f": `{text}`" if text else "")
    return str(error) if isinstance(error, ValueError) else "it is too deeply nested"


def _encoding(data: bytes) -> str:
    """What the file says its encoding is."""
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:  # it names none that there is, or its first lines are not in it
        return "utf-8"


def _line_at(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _split(variable: str, command: str) -> list[str]:
    """The words of a command, at least one. Raises CannotChange."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CannotChange(f"${variable} is no command: {error}: {command}") from None
    if not words:
        raise CannotChange(f"${variable} names no editor: {command}")
    return words


def _is_there(program: str, environment: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environment.get("PATH")) is not None


def _base(copy: Path) -> Path:
    """Where is kept what the student's copy was made of."""
    return copy.with_name(f"{copy.name}.given")


def _content(path: Path) -> bytes | None:
    """The bytes of the file; None: there is none. Raises OSError."""
    try:
        return read(path)
    except FileNotFoundError:
        return None


def _create(path: Path, content: bytes) -> None:
    """Make the file; one that is there by now stays as it is. Raises OSError."""
    try:
        file = path.open("xb")
    except FileExistsError:
        return
    try:
        with file:
            file.write(content)
    except OSError:
        path.unlink()  # the disk is full: a part of it would be taken for the student's
        raise
