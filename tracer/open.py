"""`tracer open`: a recording on the screen. With --follow, while its run goes on, contexts can be held and released from here."""

from contextlib import nullcontext
from pathlib import Path

from tracer.supervisor.remote import reach
from tracer.tui.app import watch
from tracer.tui.controls import Controls
from tracer.tui.leaving import leave_on_sigterm


def open_recording(path: str, follow: bool) -> int:
    """Show it until the person quits; the exit status. Raises NotARecording before anything is shown."""
    controls = Controls()
    leave_on_sigterm(controls)
    supervisor = reach(path) if follow else None
    with supervisor or nullcontext():
        if supervisor is not None:
            controls.gate = controls.through(supervisor.do, "this run")
        return watch(path, title=Path(path).name, follow=follow, controls=controls)
