"""Where a function's docstring stands in the text that was recorded of it."""

import warnings

import pytest

from tracer.timeline.described import Source

DECORATED = ("@final", "def one(self):", '    """Serve.', "", "    At once.", '    """', "    return 1")


def source(*lines: str, first: int = 10, definition: int = 10) -> Source:
    return Source("x.py", first, lines, first, first + len(lines) - 1, (), definition, inside=False)


@pytest.mark.parametrize(
    ("found", "numbers"),
    [
        (source("def one(self):", '    """Serve."""', "    return 1"), [11]),
        (
            source("    def one(self):", '        """Serve.', "", "        At once.", '        """', "        return 1"),
            [11, 12, 13, 14],
        ),
        (source(*DECORATED, definition=11), [12, 13, 14, 15]),
        (source("# above", *DECORATED[1:], definition=11), [12, 13, 14, 15]),
        (source("def one(self):", '    """It is all there is."""'), []),
        (source("def one(self):", "    return 1"), []),
        (source("def one(self):", '    """It is cut'), []),
        (source("one = lambda: 1"), []),
        (source("def one(self):", f"    return {'(' * 300}{')' * 300}"), []),
        (source(), []),
    ],
)
def test_where_it_stands(found: Source, numbers: list[int]) -> None:
    assert list(found.docstring) == numbers


def test_doubtful_code_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(source("def one(self):", '    """Serve."""', '    return "\\d"').docstring) == [11]
