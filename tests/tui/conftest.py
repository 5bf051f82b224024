from collections.abc import Callable, Iterator

import pytest

from tracer.tui.feed import Feed


@pytest.fixture(autouse=True)
def _nobodys_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As on a terminal that has colours, with nobody's own keys."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "configuration"))


@pytest.fixture
def open_feed() -> Iterator[Callable[..., Feed]]:
    """open_feed(path, …): a feed that is closed at the end of the test."""
    opened = []

    def open_one(*arguments: object, **options: object) -> Feed:
        opened.append(Feed(*arguments, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for feed in opened:
        feed.close()
