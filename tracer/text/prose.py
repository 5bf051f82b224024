"""The prose of a lesson in plain lines."""

from collections.abc import Iterable, Iterator

from tracer.lesson.prose import Block
from tracer.lesson.wrap import Span, cells, wrapped

_CODE = "    "


def prose(blocks: Iterable[Block], width: int) -> Iterator[str]:
    """The blocks in lines of at most `width` cells (code as it is), an empty line before each but before an item that follows one."""
    before = ""
    for block in blocks:
        if not (block.kind == before == "item"):
            yield ""
        before = block.kind
        if block.kind == "code":
            yield from (f"{_CODE}{one}".rstrip() for one in block.spans[0].text.split("\n"))
        else:
            indent = " " * cells(block.spans[0].text) if block.kind == "item" else ""
            yield from lines_of([_plain(span) for span in block.spans], width, indent)


def lines(text: str, width: int, hang: int = 0) -> list[str]:
    """A text in lines of at most `width` cells, each as far from the left as the text is; all but the first `hang` cells further."""
    words = text.lstrip(" ")
    margin = " " * (len(text) - len(words)) if len(text) - len(words) + hang < width // 2 else ""
    return [margin + one for one in lines_of([Span(words)], width - len(margin), " " * hang)]


def lines_of(spans: list[Span], width: int, indent: str) -> list[str]:
    """The same of spans; all but the first line begin with `indent`."""
    return ["".join(span.text for span in one) for one in wrapped(spans, width, indent)]


def _plain(span: Span) -> Span:
    """Code stands between the marks that it is written with: without a look of its own, `with` would be any word."""
    return Span(f"`{span.text}`", "code") if span.look == "code" else span
