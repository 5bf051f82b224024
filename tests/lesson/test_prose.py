"""The prose of a lesson: what its Markdown means, and what is said of a mistake."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.lesson.prose import Block, Page, ProseError, Section, Span, read

ENGLISH = """\
# One request, hook by hook

Watch `serve_forever`
wait. It is **really
idle**.

## A client {#accept}

1. It connects.
2. The server calls
   `get_request`.

### What is `next`? {#next}

```python
def handle(self):

    pass
```

### Who asks? {#who-2}
## Change it {#longer-queue} ##

- one
* **two**
"""


def test_a_page() -> None:
    page = read(ENGLISH)
    assert page == Page(
        title="One request, hook by hook",
        intro=(
            Block(
                "paragraph",
                (Span("Watch "), Span("serve_forever", "code"), Span(" wait. It is "), Span("really idle", "strong"), Span(".")),
            ),
        ),
        sections={
            "accept": Section(
                id="accept",
                heading="A client",
                blocks=(
                    Block("item", (Span("1. "), Span("It connects."))),
                    Block("item", (Span("2. "), Span("The server calls "), Span("get_request", "code"), Span("."))),
                ),
                questions={
                    "next": Section(
                        "next", "What is next?", (Block("code", (Span("def handle(self):\n\n    pass", "code"),)),), {}, 13
                    ),
                    "who-2": Section("who-2", "Who asks?", (), {}, 21),
                },
                line=7,
            ),
            "longer-queue": Section(
                id="longer-queue",
                heading="Change it",
                blocks=(Block("item", (Span("- "), Span("one"))), Block("item", (Span("- "), Span("two", "strong")))),
                questions={},
                line=22,
            ),
        },
    )
    assert list(page.sections) == ["accept", "longer-queue"]
    assert list(page.sections["accept"].questions) == ["next", "who-2"]


def test_no_markup_is_left_and_none_is_read_into_a_name() -> None:
    spans = read("# T\n\n`**kwargs` & 2 * 3, a_b_c &lt; [x] \\_exit **`run` now**").intro[0].spans
    assert spans == (
        *(Span("**kwargs", "code"), Span(" & 2 * 3, a_b_c &lt; [x] _exit "), Span("run", "code")),
        Span(" now", "strong"),
    )


def test_the_ids_of_questions_are_those_of_their_step() -> None:
    page = read("# T\n## A {#a}\n### Q {#next}\n## B {#b}\n### Q {#next}\n")
    assert [(one.id, [*one.questions]) for one in page.sections.values()] == [("a", ["next"]), ("b", ["next"])]


def test_line_endings_and_a_byte_order_mark_are_those_of_any_editor() -> None:
    assert read("\ufeff# T\r\n\r\none\r\ntwo\r\n## A {#a}\r\n") == read("# T\n\none\ntwo\n## A {#a}\n")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("one\ntwo", "one two"),
        ("服务器\n等待", "服务器等待"),
        ("服务器等待，\n然后", "服务器等待，然后"),
        ("服务器\n「等待」", "服务器「等待」"),
        ("服务器——\n等待", "服务器——等待"),
        ("他说\n“等待”\n吧", "他说“等待”吧"),
        ("调用\nhandle", "调用 handle"),
        ("handle\n之后", "handle 之后"),
        ("调用，\nhandle", "调用，handle"),
        ("调用\n`handle`\n之后", "调用 handle 之后"),
        ("**服务器\n等待**\n连接", "服务器等待连接"),
        ("see handle.\n然后", "see handle. 然后"),
        ("a dash —\nand more", "a dash — and more"),
    ],
)
def test_lines_are_joined_as_the_language_is_written(source: str, text: str) -> None:
    [block] = read(f"# T\n\n{source}\n").intro
    assert "".join(span.text for span in block.spans) == text


START = "# T\n\n## A {#a}\n\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "There is no title: begin with `# Title of the lesson`."),
        ("\nhello\n# T", 2, "There is something before the title: begin with `# Title of the lesson`."),
        ("## A {#a}\n# T", 1, "There is something before the title: begin with `# Title of the lesson`."),
        ("# T {#t}", 1, "The title has no id: take away the {#t}."),
        ("#", 1, "The heading has no words: write them after the #."),
        ("# T\n# U", 2, "There is a second title: write ## for a step or an experiment."),
        ("# T\n\n### Q {#q}", 3, "A question stands under a step: write its `## Heading {#step-id}` before."),
        (
            f"{START}#### B {{#b}}",
            5,
            "There are three kinds of headings: # for the title, ## for a step or an experiment, ### for a question.",
        ),
        ("# T\n\n## A", 3, "The heading has no id: write {#its-id} at its end, as in lesson.toml."),
        ("# T\n\n## {#a} A", 3, "The heading has no id: write {#its-id} at its end, as in lesson.toml."),
        ("# T\n\n## A {#First}", 3, "'First' is no id: one has small letters (a to z), digits and hyphens only."),
        ("# T\n\n## A {#}", 3, "'' is no id: one has small letters (a to z), digits and hyphens only."),
        ("# T\n\n## {#a}", 3, "The heading has no words: write them after the #."),
        (f"{START}## B {{#a}}", 5, "The heading in line 3 has the id 'a' too: give this one another."),
        (f"{START}### Q {{#q}}\n### R {{#q}}", 6, "The heading in line 5 has the id 'q' too: give this one another."),
        (
            f"{START}hello\n##B {{#b}}",
            6,
            "This looks like a heading: write a space after its #, or begin the line with something else.",
        ),
        (
            f"{START}hello\n---\n",
            5,
            "A line of - below makes no heading here: write # before it, or leave an empty line between.",
        ),
        (f"{START}***", 5, "Prose has no rules across the page: take this line away."),
        (f"{START}> x", 5, "Prose has no quotations: take away the > at the begin of the line."),
        (f"{START}<p>\n", 5, "Prose has no HTML: take it away, or write it as `code`."),
        (f"{START}one\ntwo <b>x</b>", 6, "Prose has no HTML: take it away, or write it as `code`."),
        (f"{START}one\ntwo **and\n![x](y)**", 7, "Prose has no images: say in words what is to be seen."),
        (f"{START}one [x](y)", 5, "Prose has no links: write out what they lead to."),
        (f"{START}one <http://localhost>", 5, "Prose has no links: write out what they lead to."),
        (f"{START}one\n\n[x]: y", 7, "Prose has no links: write out what they lead to."),
        (f"{START}| a | b |\n|---|---|\n| 1 | 2 |", 5, "Prose has no tables: write a list."),
        (f"{START}a ~~b~~", 5, "Prose has no struck text: take away the ~~."),
        (f"{START}a *b*", 5, "Prose has no emphasis but **strong**: write that, or `code` for a name or a sign."),
        (f"{START}a __init__", 5, "Two underscores make no **strong**: write that, or `code` for a name like `__init__`."),
        (
            f"{START}它会**等待：**然后",
            5,
            "A ** begins or ends nothing: leave no space inside of the two, and put marks like ： and “ outside.",
        ),
        (f"{START}a `b", 5, "A ` has no second one: code stands between two of them."),
        (
            f"{START}one\ntwo  \nthree",
            6,
            "A line ends within a paragraph: take away the two spaces or the \\ at its end, or begin a new paragraph.",
        ),
        (f"{START}    x = 1", 5, "Four spaces before a line make no code here: put it between two lines of ```."),
        (f"{START}```\nx = 1\n\n## B {{#b}}\n", 5, "The code that begins here has no end: write ``` on a line after it."),
        (f"{START}```", 5, "The code that begins here has no end: write ``` on a line after it."),
        (
            f"{START}- a\n  - b",
            6,
            "An item of a list is one paragraph: end the list before anything else, with no space before it.",
        ),
        (
            f"{START}- a\n\n  b",
            7,
            "An item of a list is one paragraph: end the list before anything else, with no space before it.",
        ),
        (f"{START}-\n", 5, "An item of a list is one paragraph: end the list before anything else, with no space before it."),
        (f"{START}a\u202eb", 5, "The character \\u202e cannot be shown: take it away; for a tab, write spaces."),
        (f"{START}```\n\tx\n```", 6, "The character \\x09 cannot be shown: take it away; for a tab, write spaces."),
    ],
)
def test_what_is_said_of_a_mistake(text: str, line: int, words: str) -> None:
    with pytest.raises(ProseError) as caught:
        read(text)
    assert (caught.value.line, caught.value.words) == (line, words)
    assert str(caught.value) == f"line {line}: {words}"


MARKS = [
    "# ",
    "## ",
    "### ",
    "#### ",
    "{#a}",
    "{#b}",
    "\n",
    "\n\n",
    " ",
    "    ",
    "- ",
    "1. ",
    "> ",
    "`",
    "```",
    "**",
    "*",
    "_",
    "__",
    "~~",
    "|",
    "---",
]
MARKS += ["<b>", "<!--", "[", "]", "(x)", "![", "]: x", "&amp;", "\\", "a", "word", "中", "，", "“", "\t"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["", "# T\n\n", "# T\n\n## A {#x}\n\n"]), st.lists(st.sampled_from(MARKS), max_size=30).map("".join))
def test_any_text_is_a_page_or_a_mistake_in_one_of_its_lines(start: str, text: str) -> None:
    try:
        page = read(start + text)
    except ProseError as error:
        line = error.line
    else:
        line = 1
        blocks = [*page.intro, *(block for one in page.sections.values() for block in one.blocks)]
        assert all("\n" not in span.text or block.kind == "code" for block in blocks for span in block.spans)
    assert 1 <= line <= (start + text).count("\n") + 1
