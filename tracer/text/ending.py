"""How a run ended, in lines for the person who started it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tracer.recording.text import harmless

if TYPE_CHECKING:
    from tracer.supervisor.ending import Ending

_WHERE = "no such class or method was found there (a script's module is __main__)"


def last_words(ending: "Ending", path: Path) -> list[str]:
    """What is to be said of a run that was recorded at `path`, a sentence a line."""
    lines = [f"recorded; to see it: tracer open {path}"] if ending.contexts else [_nothing(ending)]
    if ending.contexts and not ending.servers:
        lines.append(f"this program imported socketserver{_among(ending)} but never built a server")
    if ending.imported:
        lines += [f"--hook {harmless(name)} never appeared: {_WHERE}" for name in ending.unseen]
    if ending.limited:
        lines.append("the recording reached its limit (--limit): what came later is missing")
    if ending.lost:
        lines.append(f"{ending.lost} records could not be written")
    if ending.untraced:
        lines.append(f"in {ending.untraced} process(es) the tracer failed; they went on untraced")
    for pid, program in ending.replaced:
        lines.append(f"process {pid} went on as another program, which is not recorded: {harmless(program)}")
    if ending.outliving:
        lines.append(f"still running, and recorded no further: process {', '.join(map(str, ending.outliving))}")
    return lines


def _nothing(ending: "Ending") -> str:
    if ending.untraced:
        return "nothing recorded"
    if ending.another_user:
        why = "who may not write the recording; whether it imported socketserver is not known"
        return f"nothing recorded: this program became another user, {why}"
    if not ending.interpreters:
        why = "its interpreter was started with -I, -E or -S, or it cleared PYTHONPATH"
        return f"nothing recorded: the program ran without the probe: {why}"
    ran = "one Python process" if ending.interpreters == 1 else f"{ending.interpreters} Python processes"
    return f"nothing recorded: this program never imported socketserver ({ran} ran)"


def _among(ending: "Ending") -> str:
    """In how many of several processes; of a single one nothing needs to be said."""
    among = max(ending.interpreters, ending.imported)
    return f" (in {ending.imported} of {among} Python processes)" if among > 1 else ""
