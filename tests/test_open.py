"""`tracer open`: what the screen is given to hold and release with."""

import signal

from tests.probe.kit import PROGRAMS, until
from tracer import open as opened
from tracer.open import open_recording

COMMANDED = PROGRAMS / "commanded.py"


def shown(monkeypatch, path, follow, look=lambda controls: None):
    """Open a recording with a screen that only looks at its controls, and quits; whether it can hold."""
    seen = []

    def watch(shown_path, *, title, follow, controls):
        look(controls)
        seen.append(controls)
        return 0

    monkeypatch.setattr(opened, "watch", watch)
    assert open_recording(str(path), follow) == 0
    (controls,) = seen
    return controls.gate is not None


def test_following_a_run_is_holding_it(launch, monkeypatch):
    """As long as the screen is there; a replay has no hand on it, nor has anybody when the run is over."""
    with launch(COMMANDED, "socketserver", "TCPServer") as server:
        server.address()
        until(server.path, lambda fact: fact["type"] == "control")

        def hold(controls):
            controls.gate("hold", filter="before handle", once=False)
            assert until(server.path, lambda fact: fact["type"] == "hold")["filter"] == "before handle"
            assert controls.said() is None

        def lose(controls):
            server.signal(signal.SIGALRM)
            assert server.end() == (0, "")
            controls.gate("release_all")
            assert controls.said() == "this run has ended, or its supervisor does not answer"

        assert shown(monkeypatch, server.path, follow=True, look=hold)
        assert until(server.path, lambda fact: fact["type"] == "unhold")["by"] == "viewer gone"
        assert not shown(monkeypatch, server.path, follow=False)
        assert shown(monkeypatch, server.path, follow=True, look=lose)
        assert not shown(monkeypatch, server.path, follow=True)
