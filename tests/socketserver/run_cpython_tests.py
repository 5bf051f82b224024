"""Run tests of CPython's own suite, with or without our framework in the standard module's place.

    python run_cpython_tests.py standard|ours OUTCOMES.json TEST...

writes {test id: outcome}. A program of its own: `socketserver` can be replaced only before anything has imported it.
"""

import json
import sys
import unittest
from pathlib import Path


def install() -> None:
    """Make `import socketserver` find ours."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import tracer.socketserver as ours

    # The place includes the name: test_socketserver.MiscTestCase.test_all finds the public classes by their __module__.
    for name in ours.__all__:
        getattr(ours, name).__module__ = "socketserver"
    assert "socketserver" not in sys.modules
    sys.modules["socketserver"] = ours


class Outcomes(unittest.TestResult):
    """Notes how each test and each failed subtest ended."""

    def __init__(self) -> None:
        super().__init__()
        self.by_test: dict[str, str] = {}

    def note(self, test: unittest.TestCase, outcome: str, detail: str = "") -> None:
        self.by_test[test.id()] = outcome
        print(outcome, test.id(), detail, file=sys.stderr, flush=True)

    def addSuccess(self, test):  # noqa: N802
        self.note(test, "ok")

    def addSkip(self, test, reason):  # noqa: N802
        self.note(test, "skip", reason)

    def addFailure(self, test, err):  # noqa: N802
        self.note(test, "fail", self._exc_info_to_string(err, test))

    def addError(self, test, err):  # noqa: N802
        self.note(test, "error", self._exc_info_to_string(err, test))

    def addExpectedFailure(self, test, err):  # noqa: N802
        self.note(test, "expected failure")

    def addUnexpectedSuccess(self, test):  # noqa: N802
        self.note(test, "unexpected success")

    def addSubTest(self, test, subtest, err):  # noqa: N802
        if err is not None:
            self.note(subtest, "fail", self._exc_info_to_string(err, test))


def main() -> None:
    which, file, *names = sys.argv[1:]
    if which == "ours":
        install()
    import test.support

    test.support.use_resources = ["network", "cpu", "walltime"]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names)
    if loader.errors:  # what cannot be loaded fails alike everywhere, and would prove nothing
        sys.exit("\n".join(loader.errors))
    import socketserver

    assert socketserver.TCPServer.server_bind.__globals__["__name__"] == (
        "tracer.socketserver.stream" if which == "ours" else "socketserver"
    )
    outcomes = Outcomes()
    suite.run(outcomes)
    Path(file).write_text(json.dumps(outcomes.by_test, indent=1))


if __name__ == "__main__":
    main()
