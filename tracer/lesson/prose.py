"""The prose of a lesson in one language, read from its Markdown.

    # Title of the lesson           then an introduction
    ## Heading {#step-id}           one section for every step and experiment
    ### The question? {#its-id}     in the section of its step; what follows is shown after the answer

Prose is paragraphs, `code`, **strong**, lists and code between two lines of ```. Everything else is an error, so that nothing is ever
shown otherwise than it was meant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from tracer.recording.text import harmless

from .wrap import CLOSING, OPENING, Look, wide
from .wrap import Span as Span

_MARKDOWN = (
    MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("entity")
)  # the first two to be refused, not shown as marks

_ID = re.compile(r"\s*\{#([^{}]*)\}$")
_GOOD_ID = re.compile(r"[a-z0-9-]+")
_NO_SPACE = re.compile(r"^#{2,6}[^#\s]", re.MULTILINE)

_MARKS = frozenset(mark for mark in CLOSING | OPENING if not mark.isascii())

_REFUSED = {
    "blockquote": "Prose has no quotations: take away the > at the begin of the line.",
    "code_block": "Four spaces before a line make no code here: put it between two lines of ```.",
    "em": "Prose has no emphasis but **strong**: write that, or `code` for a name or a sign.",
    "hardbreak": "A line ends within a paragraph: take away the two spaces or the \\ at its end, or begin a new paragraph.",
    "hr": "Prose has no rules across the page: take this line away.",
    "html_block": "Prose has no HTML: take it away, or write it as `code`.",
    "html_inline": "Prose has no HTML: take it away, or write it as `code`.",
    "image": "Prose has no images: say in words what is to be seen.",
    "link": "Prose has no links: write out what they lead to.",
    "s": "Prose has no struck text: take away the ~~.",
    "table": "Prose has no tables: write a list.",
}


class ProseError(ValueError):
    """What is wrong in the prose of a lesson, and the cure."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(f"line {line}: {words}")
        self.line = line
        self.words = words


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, an item of a list (its first span is the marker), or code (one span with all its lines)."""

    kind: Literal["paragraph", "item", "code"]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What is said of a step, an experiment or a question."""

    id: str
    heading: str
    blocks: tuple[Block, ...]
    questions: Mapping[str, "Section"]  # by id, in order
    line: int  # of the heading


@dataclass(frozen=True, slots=True)
class Page:
    """A lesson's prose in one language."""

    title: str
    intro: tuple[Block, ...]
    sections: Mapping[str, Section]  # by id, in order
    line: int = 1  # of the title


def read(text: str) -> Page:
    """The page that a text means. Raises ProseError."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        for char in line:
            if harmless(char) != char:
                raise ProseError(number, f"The character {harmless(char)} cannot be shown: take it away; for a tab, write spaces.")
    noted: dict[str, Any] = {}
    tree = SyntaxTreeNode(_MARKDOWN.parse("\n".join(lines), noted))
    for reference in noted.get("references", {}).values():
        raise ProseError(reference["map"][0] + 1, _REFUSED["link"])
    return _Reader(lines).page(tree)


@dataclass
class _Open:
    """A heading and what stands under it, while it is read. A title is one without an id."""

    heading: str
    id: str
    line: int
    blocks: list[Block] = field(default_factory=list)
    under: dict[str, "_Open"] = field(default_factory=dict)

    def sections(self) -> dict[str, Section]:
        return {one.id: Section(one.id, one.heading, tuple(one.blocks), one.sections(), one.line) for one in self.under.values()}


class _Reader:
    """Reads one text. `path` is the title, the section and the question that is being read."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.path: list[_Open] = []

    def page(self, tree: SyntaxTreeNode) -> Page:
        for node in tree.children:
            if node.type == "heading":
                self._heading(node)
            elif not self.path:
                raise ProseError(_line(node), "There is something before the title: begin with `# Title of the lesson`.")
            else:
                self.path[-1].blocks += self._blocks(node)
        if not self.path:
            raise ProseError(1, "There is no title: begin with `# Title of the lesson`.")
        title = self.path[0]
        return Page(title.heading, tuple(title.blocks), title.sections(), title.line)

    def _heading(self, node: SyntaxTreeNode) -> None:
        level, line = int(node.tag[1:]), _line(node)
        self._check_level(level, line, node.markup)
        whole = "".join(span.text for span in _spans(node))
        found = _ID.search(whole)
        new = _Open(whole[: found.start()] if found else whole, found[1] if found else "", line)
        if not new.heading:
            raise ProseError(line, "The heading has no words: write them after the #.")
        if level == 1:
            if found:
                raise ProseError(line, f"The title has no id: take away the {{#{new.id}}}.")
        else:
            self._check_id(new, found is not None, self.path[level - 2].under)
            self.path[level - 2].under[new.id] = new
        self.path[level - 1 :] = [new]

    def _check_level(self, level: int, line: int, markup: str) -> None:
        if "#" not in markup:
            raise ProseError(
                line, f"A line of {markup} below makes no heading here: write # before it, or leave an empty line between."
            )
        if level > 3:
            raise ProseError(
                line, "There are three kinds of headings: # for the title, ## for a step or an experiment, ### for a question."
            )
        if level == 1 and self.path:
            raise ProseError(line, "There is a second title: write ## for a step or an experiment.")
        if level > 1 and not self.path:
            raise ProseError(line, "There is something before the title: begin with `# Title of the lesson`.")
        if level > len(self.path) + 1:
            raise ProseError(line, "A question stands under a step: write its `## Heading {#step-id}` before.")

    def _check_id(self, new: _Open, given: bool, known: Mapping[str, _Open]) -> None:
        if not given:
            raise ProseError(new.line, "The heading has no id: write {#its-id} at its end, as in lesson.toml.")
        if not _GOOD_ID.fullmatch(new.id):
            raise ProseError(new.line, f"'{new.id}' is no id: one has small letters (a to z), digits and hyphens only.")
        if new.id in known:
            raise ProseError(new.line, f"The heading in line {known[new.id].line} has the id '{new.id}' too: give this one another.")

    def _blocks(self, node: SyntaxTreeNode) -> Iterator[Block]:
        match node.type:
            case "paragraph":
                yield Block("paragraph", tuple(_spans(node)))
            case "bullet_list" | "ordered_list":
                for item in node.children:
                    yield self._item(item)
            case "fence":
                yield self._code(node)
            case kind:
                raise ProseError(_line(node), _REFUSED[kind])

    def _item(self, node: SyntaxTreeNode) -> Block:
        if [one.type for one in node.children] != ["paragraph"]:
            strange = next((one for one in node.children if one.type != "paragraph"), node.children[-1] if node.children else node)
            raise ProseError(
                _line(strange), "An item of a list is one paragraph: end the list before anything else, with no space before it."
            )
        marker = f"{node.info}{node.markup} " if node.info else "- "
        return Block("item", (Span(marker), *_spans(node.children[0])))

    def _code(self, node: SyntaxTreeNode) -> Block:
        begin, end = node.map or (0, 0)
        last = self.lines[end - 1].strip()
        if end - begin < 2 or not last.startswith(node.markup) or last.strip(node.markup[0]):
            raise ProseError(begin + 1, f"The code that begins here has no end: write {node.markup} on a line after it.")
        return Block("code", (Span(node.content.removesuffix("\n"), "code"),))


def _line(node: SyntaxTreeNode) -> int:
    return node.map[0] + 1 if node.map else 1


def _spans(node: SyntaxTreeNode) -> list[Span]:
    """What a paragraph or a heading says, without breaks of line."""
    line = _line(node)
    pieces = []
    for inline in node.children:
        if found := _NO_SPACE.search(inline.content):
            number = line + inline.content.count("\n", 0, found.start())
            raise ProseError(number, "This looks like a heading: write a space after its #, or begin the line with something else.")
        pieces += [*_pieces(inline.token.children or [] if inline.token else [], line)]
    return _joined(pieces)


def _pieces(tokens: list[Token], line: int) -> Iterator[Span]:
    """The pieces of a text that begins at `line`; where a line of the source ends stands a line feed."""
    strong = 0
    for token in tokens:
        look: Look = "strong" if strong else ""
        match token.type:
            case "text":
                _check_text(token.content, line)
                yield Span(token.content, look)
            case "code_inline":
                yield Span(token.content, "code")
            case "strong_open" | "strong_close" if token.markup == "**":
                strong += token.nesting
            case "strong_open":
                raise ProseError(line, "Two underscores make no **strong**: write that, or `code` for a name like `__init__`.")
            case "softbreak":
                line += 1
                yield Span("\n", look)
            case kind:
                raise ProseError(line, _REFUSED[kind.removesuffix("_open")])


def _check_text(text: str, line: int) -> None:
    if "**" in text:
        raise ProseError(line, "A ** begins or ends nothing: leave no space inside of the two, and put marks like ： and “ outside.")
    if "`" in text:
        raise ProseError(line, "A ` has no second one: code stands between two of them.")


def _joined(pieces: list[Span]) -> list[Span]:
    """The pieces as one line, those of one look together: a line feed becomes a space, but nothing in Chinese."""
    text = "".join(piece.text for piece in pieces)
    found: list[Span] = []
    place = 0
    for piece in pieces:
        words = piece.text
        if words == "\n":
            words = "" if _one_word(text[place - 1], text[place + 1]) else " "
        place += len(piece.text)
        if found and found[-1].look == piece.look != "code":
            found[-1] = Span(found[-1].text + words, piece.look)
        elif words:
            found.append(Span(words, piece.look))
    return found


def _one_word(before: str, after: str) -> bool:
    """Whether no space is between the two characters around a new line: both are Chinese, or one of them is a mark as wide as that."""
    if any(wide(one) and one in _MARKS for one in (before, after)):
        return True
    return (wide(before) and (wide(after) or after in _MARKS)) or (wide(after) and before in _MARKS)
