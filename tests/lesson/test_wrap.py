"""Lines of prose: English, Chinese and both, at every width."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tracer.lesson.wrap import CLOSING, OPENING, Span, cells, wrapped

bounded = settings(max_examples=200, deadline=None)


def lines(text: str, width: int, indent: str = "") -> list[str]:
    """Plain text, wrapped, as strings."""
    return ["".join(span.text for span in line) for line in wrapped([Span(text)], width, indent)]


def marked(*spans: Span, width: int) -> list[str]:
    """The same for spans, code in [ ] and strong in < >."""
    signs = {"": "{}", "code": "[{}]", "strong": "<{}>"}
    return ["".join(signs[span.look].format(span.text) for span in line) for line in wrapped(spans, width)]


def code(text: str) -> Span:
    return Span(text, "code")


# -- where a line ends -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [
        ("", 10, [""]),
        ("   ", 10, [""]),
        ("The accept queue is full.", 12, ["The accept", "queue is", "full."]),
        ("The accept queue is full.", 25, ["The accept queue is full."]),
        ("two  spaces   stay", 12, ["two  spaces", "stay"]),
        ("a finish_request_of_mine b", 8, ["a", "finish_r", "equest_o", "f_mine b"]),
        ("accept-queue", 8, ["accept-q", "ueue"]),
        ("a word — and more", 8, ["a word —", "and more"]),
        ("a word — and more", 7, ["a", "word —", "and", "more"]),
    ],
)
def test_english(text: str, width: int, found: list[str]) -> None:
    assert lines(text, width) == found


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [
        ("服务器在等待连接", 8, ["服务器在", "等待连接"]),
        ("服务器在等待连接", 9, ["服务器在", "等待连接"]),
        ("主线程接受，然后处理。", 10, ["主线程接", "受，然后处", "理。"]),
        ("主线程接受了。", 12, ["主线程接受", "了。"]),
        ("它调用「处理」方法", 8, ["它调用", "「处理」", "方法"]),
        ("他说：“请等”，就走。", 8, ["他说：", "“请等”，", "就走。"]),
        ("读《手册》（英文）吧", 6, ["读《手", "册》", "（英", "文）吧"]),
        ("等一下……再来", 8, ["等一下……", "再来"]),
        ("等一下……再来", 7, ["等一", "下……再", "来"]),
        ("父进程——子进程", 7, ["父进", "程——子", "进程"]),
        ("三个，，，，，，，，字", 8, ["三", "个，，，", "，，，，", "，字"]),
        ("读/写都行", 6, ["读/写", "都行"]),
        ('他说"请等"就走', 6, ["他", '说"请', '等"就', "走"]),
        ("（（（（中文", 8, ["（（（（", "中文"]),
    ],
)
def test_chinese(text: str, width: int, found: list[str]) -> None:
    assert lines(text, width) == found


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [
        ("调用handle之后", 10, ["调用handle", "之后"]),
        ("调用 handle 之后", 10, ["调用", "handle 之", "后"]),
        ("调用handle之后", 8, ["调用", "handle之", "后"]),
        ("队列满了,再试", 8, ["队列满", "了,再试"]),
        ("队列满了(再试)吧", 8, ["队列满了", "(再试)吧"]),
        ("最多100%的请求", 7, ["最多", "100%的", "请求"]),
    ],
)
def test_chinese_and_english(text: str, width: int, found: list[str]) -> None:
    assert lines(text, width) == found


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [
        ("it took 41.2 µs, then 3 ms", 12, ["it took", "41.2 µs,", "then 3 ms"]),
        ("after 5 seconds", 7, ["after 5", "seconds"]),
        ("a load of 50 % of it", 12, ["a load of", "50 % of it"]),
        ("它等了 15 秒钟", 10, ["它等了", "15 秒钟"]),
        ("它等了15秒钟", 9, ["它等了", "15秒钟"]),
        ("它等了15 ms之后", 9, ["它等了", "15 ms之后"]),
        ("a\xa0b c\xa0d", 4, ["a\xa0b", "c\xa0d"]),
    ],
)
def test_a_number_keeps_its_unit(text: str, width: int, found: list[str]) -> None:
    assert lines(text, width) == found


# -- spans -----------------------------------------------------------------------------------------------------------------------


def test_code_stays_whole() -> None:
    assert marked(Span("press "), code("handle & open"), Span(", then wait"), width=16) == ["press", "[handle & open],", "then wait"]
    assert marked(Span("调用"), code("self.handle()"), Span("，然后结束。"), width=16) == ["调用", "[self.handle()]，", "然后结束。"]


def test_code_wider_than_a_line_is_broken() -> None:
    assert marked(Span("run "), code("python server.py --port 0"), width=16) == ["run [python]", "[server.py --port]", "[0]"]
    assert marked(Span("在"), code("socketserver.py"), Span("里"), width=8) == ["在", "[socketse]", "[rver.py]", "里"]


def test_code_is_broken_where_its_own_marks_leave_no_room() -> None:
    assert marked(Span("（"), code("handle()"), Span("），"), width=8) == ["（[handle]", "[()]），"]


def test_chinese_code_is_broken_as_prose_is() -> None:
    assert marked(code("print('请等，再试')"), width=12) == ["[print('请]", "[等，再试')]"]


def test_the_marks_of_code_are_not_those_of_the_sentence() -> None:
    assert marked(Span("the word "), code("!handle"), Span(" is"), width=12) == ["the word", "[!handle] is"]
    assert marked(Span("括号是"), code("("), Span("和"), code(")"), Span("。"), width=7) == ["括号是[(]", "和[)]。"]


def test_spans_of_one_look_are_joined_on_a_line_and_looks_are_kept() -> None:
    spans = [Span("one "), Span("two ", "strong"), Span("three", "strong"), Span(" "), Span(""), Span("four")]
    assert wrapped(spans, 40) == [[Span("one "), Span("two three", "strong"), Span(" four")]]
    assert wrapped(spans, 8) == [[Span("one "), Span("two", "strong")], [Span("three", "strong")], [Span("four")]]
    assert wrapped([], 8) == [[]]


def test_all_lines_but_the_first_are_indented() -> None:
    assert lines("- the accept queue", 10, "  ") == ["- the", "  accept", "  queue"]
    assert wrapped([Span("3. "), Span("the queue "), code("accept")], 12, "   ") == [
        [Span("3. the queue")],
        [Span("   "), code("accept")],
    ]
    assert lines("the queue", 5, "     ") == ["the", "queue"]


def test_a_space_that_holds_is_no_space_to_drop() -> None:
    assert lines("000000\xa0", 4, "  ") == ["0000", "  00", "  \xa0"]


def test_a_tiny_width_makes_progress() -> None:
    assert lines("中a，b", 1) == ["中", "a", "，", "b"]
    assert lines("中文", 0) == ["中", "文"]
    assert lines("e\u0301e\u0301", 1) == ["e\u0301", "e\u0301"]


# -- for all texts ---------------------------------------------------------------------------------------------------------------

chars = st.sampled_from("中文线程请求，。、「」（）“”——……,.()[]%!'\"/\xa0 aß9µ\u0301") | st.characters(codec="utf-8")
looks = st.sampled_from(["", "code", "strong"])
spans = st.lists(st.builds(Span, st.text(chars, max_size=30), looks), max_size=6)  # type: ignore[arg-type]
# What has a place to be broken: a word with few marks around it.
words = st.builds(
    lambda opening, word, closing: opening + word + closing,
    st.sampled_from(["", *sorted(OPENING)]),
    st.sampled_from(["中", "文字", "线", "handle", "a", "finish_request", "12"]),
    st.text(st.sampled_from(sorted(CLOSING)), max_size=2),
)
sentences = st.lists(st.tuples(words, st.sampled_from(["", " "])), max_size=20).map(lambda found: "".join(map("".join, found)))


def ink(line: list[Span]) -> str:
    return "".join("".join(span.text for span in line).split())


@bounded
@given(spans, st.integers(4, 40), st.sampled_from(["", "  ", "      "]))
def test_no_line_is_too_wide_and_nothing_is_lost(spans: list[Span], width: int, indent: str) -> None:
    found = wrapped(spans, width, indent)
    text = "".join(ink(line) for line in found)
    assert text == ink(spans)
    for line in found:
        whole = "".join(span.text for span in line)
        assert cells(whole) <= width
        assert not whole.endswith(" ")
        assert all(span.text for span in line)
        assert all(one.look != other.look for one, other in pairwise(line))


@bounded
@given(spans, st.integers(4, 40))
def test_a_line_is_not_broken_again(spans: list[Span], width: int) -> None:
    assert all(wrapped(line, width) == [line] for line in wrapped(spans, width))


@bounded
@given(sentences, st.integers(8, 40))
def test_no_line_begins_or_ends_with_the_wrong_mark(text: str, width: int) -> None:
    found = lines(text, width)
    assert not [line for line in found[1:] if line[0] in CLOSING]
    assert not [line for line in found[:-1] if line[-1] in OPENING]


def test_the_width_is_that_of_the_screen() -> None:
    """Where prose is written: Latin, Greek, arrows, frames, Chinese and its punctuation."""
    ranges = [(0x20, 0x7F), (0xA0, 0xAD), (0xAE, 0x250), (0x300, 0x370), (0x3B1, 0x3CA), (0x2010, 0x2027), (0x2190, 0x2200)]
    ranges += [(0x2460, 0x24FF), (0x2500, 0x25A0), (0x3000, 0x302E), (0x4E00, 0x9FA6), (0xFF01, 0xFF5F), (0xFFE0, 0xFFE6)]
    assert [char for begin, end in ranges for char in map(chr, range(begin, end)) if cells(char) != cell_len(char)] == []
