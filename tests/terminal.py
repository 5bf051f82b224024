"""Somebody at a real terminal."""

import os
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.probe.kit import environment, until

QUIT_AT_ONCE = b"\x11"  # Ctrl-Q
SCREEN_IS_THERE, SCREEN_IS_GONE = b"\x1b[?1049h", b"\x1b[?1049l"


class AtTerminal:
    """Somebody who has typed `tracer …`. At the end of the block everything that was begun is gone."""

    def __init__(self, folder, *words, **more):
        state = folder / "state"
        self.recordings = state / "tracer" / "recordings"
        self._own_end, its_end = os.openpty()
        termios.tcsetwinsize(its_end, (36, 120))
        self.settings = termios.tcgetattr(self._own_end)
        self.seen = b""
        self._sees_more = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tracer", *map(str, words)],
            cwd=folder, preexec_fn=lambda: os.login_tty(its_end),
            env=environment(**{"TERM": "xterm-256color", "XDG_STATE_HOME": str(state), "TEXTUAL_ANIMATIONS": "none"} | more),
        )  # fmt: skip
        os.close(its_end)  # so that our eyes see the end of it
        self._eyes = threading.Thread(target=self._look)
        self._pidfds = []

    def __enter__(self):
        self._eyes.start()
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pidfd in self._pidfds:  # they end with their viewer; what does not is killed
            if not has_ended(pidfd, 10):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
        self._eyes.join(60)
        os.close(self._own_end)

    def read(self):
        """What is written next."""
        return os.read(self._own_end, 1 << 16)

    def _look(self):
        with suppress(OSError):  # the terminal is nobody's any more
            while data := self.read():
                with self._sees_more:
                    self.seen += data
                    self._sees_more.notify_all()

    def sees(self, words, times=1):
        """Wait until this was on the terminal, so often."""
        with self._sees_more:
            assert self._sees_more.wait_for(lambda: self.seen.count(words) >= times, 60), self.seen[-2000:]

    def types(self, keys):
        os.write(self._own_end, keys)

    def processes(self, path):
        """Wait for the program of the recording at `path`: the pidfds of it and of its supervisor."""
        supervisor = until(path, lambda fact: fact["type"] == "header")["supervisor"]["pid"]
        program = until(path, lambda fact: fact["type"] == "started")["pid"]
        found = [os.pidfd_open(program), os.pidfd_open(supervisor)]
        self._pidfds += found
        return found

    def reads_all(self):
        """Wait until the command has ended: its status. All that it has written has been seen."""
        status = self.process.wait(60)
        self._eyes.join(60)
        return status

    @property
    def has_its_terminal_back(self):
        """Whether the terminal is as it was before."""
        screens = self.seen.count(SCREEN_IS_THERE), self.seen.count(SCREEN_IS_GONE)
        return screens[0] == screens[1] > 0 and termios.tcgetattr(self._own_end) == self.settings


def has_ended(pidfd, seconds=0.0):
    """Whether that process ends within so many seconds."""
    return bool(select.select([pidfd], [], [], seconds)[0])


class Tmux:
    """The same in tmux, which knows what the screen looks like. `socket`: where its own server listens."""

    def __init__(self, socket, folder, *words, size=(120, 36)):
        self._tmux = ["tmux", "-u", "-S", str(socket), "-f", "/dev/null"]
        self._environment = environment(XDG_STATE_HOME=str(folder / "state"), TEXTUAL_ANIMATIONS="none", TMUX="")
        self._status = Path(f"{socket}.status")  # tmux itself forgets it now and then
        command = [sys.executable, "-P", "-m", "tracer", *map(str, words)]
        keeping = ["sh", "-c", '"$@"; echo $? >"$0"', str(self._status), *command]
        self._do("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), *keeping, cwd=folder)

    def _do(self, *words, **options):
        done = subprocess.run(
            [*self._tmux, *words], env=self._environment, capture_output=True, text=True, timeout=30, check=False, **options
        )
        return done.stdout

    def types(self, *keys):
        self._do("send-keys", *keys)

    def sees(self, pattern):
        """Wait until a line of the screen matches; the screen."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            screen = self._do("capture-pane", "-p")
            if re.search(pattern, screen, re.MULTILINE):
                return screen
            time.sleep(0.05)  # a terminal tells nobody that it was drawn on
        raise AssertionError(f"{pattern!r} was not seen:\n{screen}")

    def is_gone(self):
        """Wait until the command has ended, and its terminal with it: its exit status."""
        end = time.monotonic() + 60
        while self._do("list-sessions"):
            assert time.monotonic() < end
            time.sleep(0.05)
        return int(self._status.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._do("kill-server")
