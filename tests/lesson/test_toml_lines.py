"""Lines of a TOML text: everything that tomllib finds in it has one."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.lesson.toml_lines import Path, lines_of

bounded = settings(max_examples=150, deadline=None)

TEXT = '''\
# [[step]]
minutes = 10                   # id = "none"
title.en = "a # b"
"title" . 'z.h' = """
[[step]]
id = "none"
"""
day = 1979-05-27 07:32:00

[[step]]
id = 'a'
do = [
  "one]",  # the first
  "two", \'\'\'three\'\'\'\'\',

  [ { a = 1, b.c = [ 4 ] } ],
]
[[step.question]]
id = "q"
[[step.question]]
id = """r\\"""" # ends here

[[step]]
[ step . sub ]
x = +inf
[[step.question]]
id = "s"
'''


def test_each_line() -> None:
    assert lines_of(TEXT) == {
        (): 1,
        ("minutes",): 2,
        ("title",): 3,
        ("title", "en"): 3,
        ("title", "z.h"): 4,
        ("day",): 8,
        ("step",): 10,
        ("step", 0): 10,
        ("step", 0, "id"): 11,
        ("step", 0, "do"): 12,
        ("step", 0, "do", 0): 13,
        ("step", 0, "do", 1): 14,
        ("step", 0, "do", 2): 14,
        ("step", 0, "do", 3): 16,
        ("step", 0, "do", 3, 0): 16,
        ("step", 0, "do", 3, 0, "a"): 16,
        ("step", 0, "do", 3, 0, "b"): 16,
        ("step", 0, "do", 3, 0, "b", "c"): 16,
        ("step", 0, "do", 3, 0, "b", "c", 0): 16,
        ("step", 0, "question"): 18,
        ("step", 0, "question", 0): 18,
        ("step", 0, "question", 0, "id"): 19,
        ("step", 0, "question", 1): 20,
        ("step", 0, "question", 1, "id"): 21,
        ("step", 1): 23,
        ("step", 1, "sub"): 24,
        ("step", 1, "sub", "x"): 25,
        ("step", 1, "question"): 26,
        ("step", 1, "question", 0): 26,
        ("step", 1, "question", 0, "id"): 27,
    }
    assert lines_of(TEXT).keys() == paths((), tomllib.loads(TEXT))


def test_lines_end_in_both_ways() -> None:
    assert lines_of(TEXT.replace("\n", "\r\n")) == lines_of(TEXT)


def test_nothing() -> None:
    assert lines_of("") == {(): 1}


def paths(path: Path, value: Any) -> set[Path]:
    """Where everything stands that tomllib has found."""
    found = {path}
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found |= paths((*path, key), inner)
    return found


# -- any text that tomllib reads

spaces = st.sampled_from(["", " ", "\n", " # ]\n", "\n\n# '\n"])
keys = st.sampled_from(["a", "b", "c-1", '"d.e"', "'f\"'", "a.b", 'c . "x]"'])
numbers = ["1", "-2.5e3", "inf", "0xff", "true", "1979-05-27", "1979-05-27 07:32:00Z"]
texts = ['""', '"a\\"[#"', '"\\u00e9"', "''", "'[\"'", '"""a"""', '"""\n"]"" \\""""""', "'''\n''''''"]
scalars = st.sampled_from([*numbers, *texts])
values = st.recursive(
    scalars,
    lambda inner: (
        st.builds(
            lambda parts: f"[{''.join(f'{before}{part}{after},' for before, part, after in parts)}]",
            st.lists(st.tuples(spaces, inner, spaces)),
        )
        | st.builds(
            lambda parts: "{ " + ", ".join(f"{key} = {part}" for key, part in parts) + " }",
            st.lists(st.tuples(keys, inner), max_size=3),
        )
    ),
    max_leaves=8,
)
statements = (
    st.builds("{} = {}\n".format, keys, values)
    | st.builds("[[{}]] # x\n".format, keys)
    | st.builds("[ {} ]\n".format, keys)
    | st.sampled_from(["\n", "# a = [\n", "  \n"])
)


@bounded
@given(st.lists(statements, max_size=8))
def test_everything_has_a_line(parts: list[str]) -> None:
    kept: list[str] = []
    for part in parts:  # those that are no TOML together with the ones before are left out
        try:
            tomllib.loads("".join([*kept, part]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(part)
    text = "".join(kept)
    found = lines_of(text)
    assert found.keys() == paths((), tomllib.loads(text))
    assert all(1 <= line <= max(1, text.count("\n")) for line in found.values())
