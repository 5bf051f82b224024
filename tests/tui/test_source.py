"""The panels Source and Inspector: what is said of the chosen call, as lines."""

from dataclasses import replace

from tests.tui.scenes import FORKING, MS, NOW, S, forking, server, view
from tracer.timeline.described import Description, Field, Site, Source
from tracer.tui.lines import fit
from tracer.tui.panels.inspector import InspectorPanel
from tracer.tui.panels.source import SourcePanel

TEXT = (
    "",
    "    def handle(self) -> None:",
    '        """Echo."""',
    "        while line := self.rfile.readline():",
    "            self.wfile.write(line)  # back",
    "",
    "    x = 1",
)
SOURCE = Source("/srv/echo.py", 20, TEXT, 21, 24, (), 21, True)
CALLERS = (
    Site("/lib/handlers.py", "BaseRequestHandler.__init__", (46,), ("self.handle()",)),
    Site("/lib/base.py", "BaseServer.finish_request", (190,), ("self.RequestHandlerClass(request, client_address, self)",)),
)
FIELDS = (
    Field("called when", "the handler is set up: it serves the whole connection. Its return ends the connection"),
    Field("began", "at 00:30.200"),
    Field("ended", "not yet", "remark"),
)


def description(**fields):
    values = {
        "t": NOW, "context": 2, "span": 4, "label": "P4122", "hook": "handle", "owner": "EchoHandler", "module": "echo",
        "whose": "program", "file": "/srv/echo.py", "line": 21, "begin": NOW - 800 * MS, "end": None, "held": 0, "stopped": False,
        "outcome": "open", "fields": FIELDS, "callers": CALLERS, "source": SOURCE, "missing": "",
    }  # fmt: skip
    return Description(**{**values, **fields})


def shown(one):
    return replace(view(server(*FORKING)), described=one)


def drawn(panel, one, width=60, height=12):
    lines = panel.draw(shown(one), width, height)
    assert len(lines) <= height
    return ["".join(segment.text for segment in fit(line, width)).rstrip() for line in lines]


def styles(panel, one, number):
    """The pieces of one line with what is bold, dim or coloured in them."""
    line = panel.draw(shown(one), 60, 12)[number]
    return [(piece.text, piece.style.bold, piece.style.dim) for piece in line if piece.style and (piece.style.bold or piece.style.dim)]


# ---- source


def test_the_lines_of_a_function_that_control_is_inside_of():
    panel = SourcePanel()
    assert drawn(panel, description()) == [
        "from handlers.py:46  self.handle()",
        "from base.py:190  self.RequestHandlerClass(request, client_…",
        "20",
        "21 ▸     def handle(self) -> None:",
        '22           """Echo."""',
        "23           while line := self.rfile.readline():",
        "24               self.wfile.write(line)  # back",
        "25",
        "26       x = 1",
    ]
    assert panel.title(shown(description())) == "Source ─ echo.py:21 · the program's"


def test_the_mark_stands_at_the_open_call():
    lines = drawn(SourcePanel(), description(source=replace(SOURCE, marked=(24,))))
    assert lines[6] == "24 ▶             self.wfile.write(line)  # back"
    assert not any("▸" in line for line in lines)


def test_one_of_several_lines():
    source = replace(SOURCE, marked=(23, 24))
    caller = Site("/lib/base.py", "BaseServer._handle_request_noblock", (172, 178), ("self.shutdown_request(request)",) * 2)
    lines = drawn(SourcePanel(), description(source=source, callers=(caller,)))
    assert lines[:2] == ["from base.py: one of 172, 178  self.shutdown_request(reques…", "control is in one of these lines: 23, 24"]
    assert [line[:4] for line in lines if "▶" in line] == ["23 ▶", "24 ▶"]


def test_a_call_that_has_ended_has_no_mark():
    lines = drawn(SourcePanel(), description(source=replace(SOURCE, inside=False), end=NOW, outcome="returned"))
    assert not any(mark in line for line in lines for mark in "▶▸")


def test_words_are_highlighted_in_monochrome_too():
    panel = SourcePanel()
    bold = [text for text, is_bold, _ in styles(panel, description(), 3) if is_bold]
    assert {"def", "handle"} <= set(bold)
    assert '"""Echo."""' in [text for text, _, dim in styles(panel, description(), 4) if dim]
    assert "# back" in [text for text, _, dim in styles(panel, description(), 6) if dim]


def test_the_marked_line_is_in_the_middle_until_the_person_moves():
    lines = tuple(f"    line_{number}" for number in range(100))
    source = Source("/srv/long.py", 1, lines, 1, 100, (50,), 1, True)
    panel, one = SourcePanel(), description(source=source, callers=())
    assert drawn(panel, one, height=7)[3] == " 50 ▶     line_49"
    panel.action_page(1)
    assert drawn(panel, one, height=7)[0] == " 48       line_47"
    panel.action_page(1, True)
    assert drawn(panel, one, height=7)[0] == " 54       line_53"
    panel.action_page(-1_000_000)
    assert drawn(panel, one, height=7)[0] == "  1       line_0"
    panel.action_page(1_000_000)
    assert drawn(panel, one, height=7)[6] == "100       line_99"
    assert drawn(panel, replace(one, span=5), height=7)[3] == " 50 ▶     line_49"


def test_nothing_recorded_says_why():
    missing = description(source=None, missing="os.fork is not written in Python", callers=(), file="", whose="system")
    assert drawn(SourcePanel(), missing) == ["os.fork is not written in Python"]
    assert SourcePanel().title(shown(missing)) == "Source ─ a call of the framework's to the system"
    for panel in (SourcePanel(), InspectorPanel()):
        assert drawn(panel, None) == ["no call is chosen"]


def test_hostile_text_is_harmless():
    lines = ("def f():", "\tx = '\x1b[2J\u202e'", '    """', "    宽" * 400, "\x0c\x9b", "[bold]" + "y" * 2000)
    source = Source("/srv/\x1b.py", 1, lines, 1, 6, (), 1, True)
    caller = Site("/srv/\x1b.py", "f", (1,), ("\x1b]0;x\x07\t",))
    one = description(source=source, callers=(caller,), hook="\x1b[31m", file="/srv/\x1b.py")
    found = [*drawn(SourcePanel(), one, height=20), *drawn(InspectorPanel(), one, height=20)]
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or letter == "\u202e" for line in found for letter in line)
    assert "2       x = '\\x1b[2J\\u202e'" in found
    assert any("[bold]yyy" in line and line.endswith("…") for line in found)


# ---- inspector


def test_fields_are_wrapped():
    assert drawn(InspectorPanel(), description()) == [
        "handle  EchoHandler",
        "called when    the handler is set up: it serves the whole",
        "               connection. Its return ends the connection",
        "began          at 00:30.200",
        "lasts          0.8 s",
        "ended          not yet",
    ]
    assert drawn(InspectorPanel(), description(), width=34, height=20)[:5] == [
        "handle  EchoHandler",
        "called when",
        "  the handler is set up: it serves",
        "  the whole connection. Its return",
        "  ends the connection",
    ]


def test_an_open_call_lasts_until_the_views_now():
    one = description(t=NOW - S, begin=NOW - 3 * S, held=S, stopped=True)
    assert drawn(InspectorPanel(), one)[4:6] == ["lasts          3.0 s; held for 2.0 s of it, 1.0 s without", "               that"]


def test_the_traceback_stands_at_the_end():
    one = description(traceback=("Traceback (most recent call last):", "ValueError: no"))
    assert drawn(InspectorPanel(), one)[-2:] == ["Traceback (most recent call last):", "ValueError: no"]
    assert InspectorPanel().title(shown(one)) == "Inspector ─ handle in P4122"


def test_what_does_not_fit_can_be_reached():
    panel, one = InspectorPanel(), description()
    assert drawn(panel, one, height=4)[-1] == "… 3 more lines: z enlarges"
    panel.action_page(1_000_000)
    assert drawn(panel, one, height=4)[-1] == "ended          not yet"


def test_a_view_without_a_description_is_as_before():
    assert forking().described is None
