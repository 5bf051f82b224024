"""The last words of a run: what was seen, and what is missing."""

from pathlib import Path

import pytest

from tracer.supervisor.ending import Ending
from tracer.text.ending import how_it_ended, last_words

NOTHING = "nothing recorded: this program never imported socketserver"
RECORDED = "recorded; to see it: tracer open run.tracer"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"interpreters": 1}, [f"{NOTHING} (one Python process ran)"]),
        ({"interpreters": 3}, [f"{NOTHING} (3 Python processes ran)"]),
        (
            {},
            [
                "nothing recorded: the program ran without the probe: "
                "its interpreter was started with -I, -E or -S, or it cleared PYTHONPATH"
            ],
        ),
        ({"interpreters": 1, "untraced": 1}, ["nothing recorded", "in 1 process(es) the tracer failed; they went on untraced"]),
        ({"interpreters": 1, "imported": 1, "contexts": 1, "servers": 1}, [RECORDED]),
        (
            {"interpreters": 1, "imported": 1, "contexts": 1},
            [RECORDED, "this program imported socketserver but never built a server"],
        ),
        (
            {"interpreters": 3, "imported": 2, "contexts": 5},
            [RECORDED, "this program imported socketserver (in 2 of 3 Python processes) but never built a server"],
        ),
        (
            {"contexts": 1, "servers": 1, "replaced": [(12, "sl\x1b[31mp")], "outliving": [13, 14]},
            [
                RECORDED,
                r"process 12 went on as another program, which is not recorded: sl\x1b[31mp",
                "still running, and recorded no further: process 13, 14",
            ],
        ),
        (
            {"contexts": 1, "servers": 1, "lost": 7, "limited": True},
            [RECORDED, "the recording reached its limit (--limit): what came later is missing", "7 records could not be written"],
        ),
        (
            {"interpreters": 1, "unseen": {"shop:Cart.add": ""}},
            [f"{NOTHING} (one Python process ran)", "--hook shop:Cart.add was not looked for: nothing was recorded"],
        ),
        (
            {"imported": 1, "contexts": 1, "servers": 1, "unseen": {"shop:Cart.Item.add": "no class", "__main__:Till.open": ""}},
            [
                RECORDED,
                "--hook shop:Cart.Item.add was not found: module shop has no class Cart.Item",
                "--hook __main__:Till.open was not looked for: its module was not imported (a script's module is __main__)",
            ],
        ),
    ],
)
def test_a_sentence_for_each_thing_that_was_seen(seen, words):
    assert last_words(Ending(0, **seen), Path("run.tracer")) == words


def test_a_supervisor_that_was_killed_leaves_what_it_had():
    assert last_words(None, Path("run.tracer")) == ["recorded as far as it got; to see it: tracer open run.tracer"]


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending(0), "server.py has ended with status 0"),
        (Ending(-9), "server.py has ended by SIGKILL"),
        (Ending(-63), "server.py has ended by signal 63"),
        (Ending(-15, asked=True), "server.py has ended by SIGTERM, with the screen"),
        (None, "the supervisor of server.py was killed: what it had not recorded is missing"),
    ],
)
def test_one_line_about_the_program(ending, words):
    assert how_it_ended("server.py", ending) == words
