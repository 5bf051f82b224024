"""How a run ended, in lines for the person who started it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tracer.recording.text import harmless

if TYPE_CHECKING:
    from tracer.supervisor.ending import Ending


def how_it_ended(name: str, ending: "Ending | None") -> str:
    """One line about the program, which a person calls `name`. None: its supervisor cannot say any more."""
    if ending is None:
        return f"the supervisor of {name} was killed: what it had not recorded is missing"
    if ending.status >= 0:
        how = f"with status {ending.status}"
    else:
        from tracer.timeline.words import signal_name  # all of the timeline comes with it, which `record` has no use for

        how = f"by {signal_name(-ending.status)}"
    return f"{name} has ended {how}{', with the screen' if ending.asked else ''}"


def last_words(ending: "Ending | None", path: Path) -> list[str]:
    """What is to be said of a run that was recorded at `path`, a sentence a line. None: its supervisor cannot say any more."""
    if ending is None:
        return [f"recorded as far as it got; to see it: tracer open {path}"]
    lines = [f"recorded; to see it: tracer open {path}"] if ending.contexts else [_nothing(ending)]
    if ending.contexts and not ending.servers:
        lines.append(f"this program imported socketserver{_among(ending)} but never built a server")
    lines += [f"--hook {harmless(name)} {_unseen(ending, name, why)}" for name, why in ending.unseen.items()]
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


def _unseen(ending: "Ending", name: str, why: str) -> str:
    """What became of a hook that was named and not found; `why` as the probe told it."""
    module, _, path = harmless(name).partition(":")
    cls, _, method = path.rpartition(".")
    if not ending.imported:
        return "was not looked for: nothing was recorded"
    if module == "__main__" and not ending.servers:  # what was missing on the way there may have come later
        return "was not looked for: no server was built, which is when the script's own are looked for"
    match why:
        case "no class":
            return f"was not found: module {module} has no class {cls}"
        case "no method":
            return f"was not found: class {cls} has no method {method}"
        case "not a function":
            return f"was not found: {path} is no plain function, class method or static method"
    return "was not looked for: its module was not imported (a script's module is __main__)"


def _among(ending: "Ending") -> str:
    """In how many of several processes; of a single one nothing needs to be said."""
    among = max(ending.interpreters, ending.imported)
    return f" (in {ending.imported} of {among} Python processes)" if among > 1 else ""
