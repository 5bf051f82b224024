"""Everything that is known of the chosen call, in words."""

from rich.style import Style

from tracer.recording.text import harmless
from tracer.timeline.described import Description, Field

from ..lines import Line, line, wrapped
from ..marks import BAD, BOLD, DIM, PLAIN, STOPPED, context_style
from ..view import View
from .paged import Paged

_NAMES = 15  # cells of the column of names
_NARROW = 44  # what is narrower has the names on lines of their own
_TONES: dict[str, Style] = {"": PLAIN, "bad": BAD, "held": STOPPED, "remark": DIM}


class InspectorPanel(Paged):
    """The fields of a description, wrapped."""

    NAME = "Inspector"
    HELP_TEXT = (
        "Everything that is known of the call at the cursor in Calls, as it stood at the time of the picture: when the framework calls "
        "this hook and who may override it, the class that supplied it here and what that overrides, whether super() was called, what "
        "went in and what came out, how long it took (with and without the time in which somebody held it), how it ended, how far an "
        "exception went, and the traceback where the recording has one.\n\n"
        "n/a stands in front of the reason why something is not known. Up, Down and the page keys show more."
    )

    def about(self, view: View) -> object:
        one = view.described
        return (one.context, one.span) if one is not None else None

    def title(self, view: View) -> str:
        one = view.described
        return f"{self.NAME} ─ {harmless(one.hook)} in {one.label}" if one is not None else self.NAME

    def body(self, view: View, width: int) -> tuple[list[Line], int]:
        one = view.described
        if one is None:
            return [line(("no call is chosen", DIM))], 0
        lines = [line((one.hook, context_style(one.label) + BOLD), (f"  {one.owner}", BOLD if one.whose == "program" else DIM))]
        for field in _fields(one, view.now):
            lines += _lines(field, width)
        lines += [line((part or " ", BAD if place == len(one.traceback) - 1 else PLAIN)) for place, part in enumerate(one.traceback)]
        return lines, 0


def _fields(one: Description, now: int) -> list[Field]:
    """All fields; how long it lasts stands behind when it began."""
    place = next((place for place, field in enumerate(one.fields, 1) if field.name == "began"), len(one.fields))
    return [*one.fields[:place], one.lasts(now), *one.fields[place:]]


def _lines(field: Field, width: int) -> list[Line]:
    style = _TONES[field.tone]
    if width < _NARROW:
        parts = wrapped(field.words, max(8, width - 2))
        return [line((field.name, DIM)), *(line(("  " + part, style)) for part in parts)]
    first, *rest = wrapped(field.words, max(8, width - _NAMES))
    found = [line((f"{field.name:{_NAMES}}", DIM), (first, style))]
    return found + [line((" " * _NAMES + part, style)) for part in rest]
