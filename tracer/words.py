"""The words of the command line: which commands and options there are, and where the traced program's own words begin."""

import argparse
from typing import Any, NoReturn

from tracer import __version__
from tracer.supervisor import LIMIT

_MEGABYTE = 1_000_000
_DESCRIPTION = "See how a socketserver server works: every hook, in every thread and forked child, live."
_EPILOG = """\
examples:
  tracer                              a start screen: demos, lessons, and your newest recordings
  tracer demo                         a forking server, and clients on keys
  tracer demo --list                  the demo servers, a sentence each
  tracer demo tcp threading forking   side by side, each hit by the same clients
  tracer run server.py --port 0       run server.py unchanged and watch it live
  tracer run -m http.server 8000      the same for a module
  tracer record server.py --port 0    run it without a screen: it keeps the terminal
  tracer record -m http.server 8000   the same for a module
  tracer learn                        lessons: follow real servers step by step, and predict what they do
  tracer show FILE                    the call trees of a recording, as text
  tracer open FILE                    the same on the screen
"""

_PROGRAM_USAGE = (
    "tracer {name} [-o FILE] [--python PATH] [--hook MODULE:CLASS.METHOD] [--hold EXPR] [--limit MB] SCRIPT ARGS… | -m MODULE ARGS…"
)
_PROGRAM_EPILOG = """\
The options of tracer stand before the program's name; what follows it is the program's own.

examples:
  tracer {name} server.py --port 0
  tracer {name} -m http.server 8000
  tracer {name} --python .venv/bin/python -m flask --app shop run    the Python of another environment
  tracer {name} --hook shop.web:Handler.reply server.py              a method of your own, beside the framework's
  tracer {name} --hold 'before handle' server.py                     each connection waits there, until you release it
  tracer {name} --hold 'after get_request & nth:3' server.py         only the third is held, and its server with it
"""

_LEARN_EPILOG = """\
examples:
  tracer learn                    choose a lesson
  tracer learn 07                 begin with the accept queue, or go on where you were
  tracer learn fork --lang zh     by its name, in Chinese
  tracer learn 07 --text          without a screen: for a screen reader or a plain terminal
  tracer learn --check my-lesson  a lesson of your own (how to write one: lessons/README.md)

--check runs the lesson's program and its clients, and waits up to 15 seconds for what does not come.
Its exit status is 0 if the lesson is whole, 1 if anything is wrong with it, 2 if there is no such folder.
With --text, at the end of the input, the questions that are left are skipped and the lesson is played to its end.
"""


class Refused(Exception):  # noqa: N818 - what a person asked for cannot be done
    """One line that names the cure; the command ends with status 2."""


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, as everywhere in this program, and every option by its whole name: `_split_program` knows no others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parse(words: list[str]) -> argparse.Namespace:
    """What a command line says: `command`, its options, and `program`, the traced program's own words. Raises Refused.

    Ends the process with one line and status 2 where our own words cannot be understood.
    """
    ours, program = _split_program(words)
    options, unknown = parser().parse_known_args(ours)
    if unknown:
        raise Refused(f"{unknown[0]} is not understood (see tracer {options.command} --help)")
    options.program = program
    return options


_TAKES_A_PROGRAM = ("run", "record")
_TAKES_A_VALUE = ("-o", "--output", "--python", "--hook", "--hold", "--limit")  # in the word that follows, unless it stands in the same


def _split_program(words: list[str]) -> tuple[list[str], list[str]]:
    """The words for us, and the traced program's: SCRIPT ARGS… or -m MODULE ARGS…, whose options are none of ours.

    Raises Refused where an option of the interpreter's stands among ours.
    """
    if not words or words[0] not in _TAKES_A_PROGRAM:
        return words, []
    at = 1
    while at < len(words) and _is_option(words[at]):
        if words[at] in _TAKES_A_VALUE:
            at += 2
        else:
            _check_option(words[at])
            at += 1
    ours, program = words[:at], words[at:]
    if program[:1] == ["--"]:
        del program[0]
    if program and program[0].startswith("-m") and program[0] != "-m":
        program[:1] = ["-m", program[0].removeprefix("-m")]
    return ours, program


def _is_option(word: str) -> bool:
    """Whether it may be one of ours: neither a script, nor -m with or without its module, nor the end of ours."""
    return word.startswith("-") and word not in ("-", "--") and not word.startswith("-m")


def _check_option(word: str) -> None:
    from tracer.supervisor.interpreter import CannotTrace, check_option

    try:
        check_option(word)
    except CannotTrace as error:
        raise Refused(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """What reads our words."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="tracer", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"tracer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="watch a built-in server live, with clients on keys")
    demo.add_argument("names", metavar="NAME", nargs="*", help="which server (forking); several: side by side; see --list")
    demo.add_argument("--list", action="store_true", help="name the demo servers, a sentence each")
    _add_hold(demo)

    programs = [
        (
            "run", "run a program unchanged and watch it live",
            "Run a Python program and watch every hook of its socketserver servers. It has a terminal of its own, whose\n"
            "output is a panel of the screen; quitting ends it.",
        ),
        (
            "record", "run a program unchanged and record it",
            "Run a Python program and record every hook of its socketserver servers. The program keeps the terminal,\n"
            "its signals and its exit status.",
        ),
    ]  # fmt: skip
    for name, sentence, description in programs:
        usage, epilog = _PROGRAM_USAGE.format(name=name), _PROGRAM_EPILOG.format(name=name)
        command = commands.add_parser(name, help=sentence, description=description, usage=usage, epilog=epilog, formatter_class=raw)
        _add_program_options(command)

    sentence = "follow a real server step by step, and be asked what it does next"
    _add_learn(commands.add_parser("learn", help=sentence, epilog=_LEARN_EPILOG, formatter_class=raw))

    show = commands.add_parser("show", help="print a recording as text: call trees, events or counts")
    show.add_argument("file", metavar="FILE", help="a recording, such as `tracer record` names at its end")
    show.add_argument("--follow", action="store_true", help="print calls as they happen, until the recording ends")
    what = show.add_mutually_exclusive_group()
    what.add_argument("--events", action="store_true", help="one event a line")
    what.add_argument("--stats", action="store_true", help="counts: hooks, contexts, servers, connections")
    show.add_argument("--json", action="store_true", help="with --events or --stats: for programs")

    opened = commands.add_parser("open", help="open a recording on the screen")
    opened.add_argument("file", metavar="FILE", help="a recording, such as `tracer record` names at its end")
    opened.add_argument("--follow", action="store_true", help="follow a run that another terminal started")
    return parser


def _add_learn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lesson", metavar="LESSON", nargs="?", help="its number, its name or its folder; see --list")
    parser.add_argument("--list", action="store_true", help="name the lessons, a line each, and how far you are")
    parser.add_argument("--text", action="store_true", help="no screen: plain lines, and answers typed below them")
    parser.add_argument("--lang", choices=("en", "zh"), help="English or Chinese (default: by the locale)")
    parser.add_argument("--restart", action="store_true", help="forget how far you are in the lesson, and begin anew")
    parser.add_argument("--check", metavar="PATH", help="play the lesson in that folder by itself and tell what is wrong with it")


def _add_program_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE",
        help="where to record; a recording that is there is replaced (without -o: your state directory, where the newest 20 stay)",
    )  # fmt: skip
    parser.add_argument(
        "--python", metavar="PATH", help="the interpreter, of any environment; nothing is installed there (default: this one)"
    )
    parser.add_argument(
        "--hook",
        metavar="MODULE:CLASS.METHOD",
        action="append",
        default=[],
        help="a method of the program's own to show, too; repeatable",
    )
    _add_hold(parser)
    parser.add_argument(
        "--limit", metavar="MB", type=_megabytes, default=LIMIT, help=f"largest size of the recording ({LIMIT // _MEGABYTE})"
    )


def _add_hold(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hold", metavar="EXPR", action="append", default=[],
        help="hold whoever comes there, until released: a hook and conditions, such as 'before handle & peer:53122'; repeatable",
    )  # fmt: skip


def _megabytes(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 / _MEGABYTE <= number < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: a number of megabytes above 0")
    return int(number * _MEGABYTE)
