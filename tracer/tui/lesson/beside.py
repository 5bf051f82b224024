"""Both runs of an experiment side by side, as they were when its question was asked."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing

from tracer.lesson.format import Experiment
from tracer.lesson.tried import Tried
from tracer.lesson.verdicts import values
from tracer.lesson.words import say
from tracer.timeline.navigate import Place

from ..app import watch
from ..beside.app import watch_beside
from ..beside.column import needs
from ..beside.feed import BesideFeed
from ..controls import Controls
from ..feed import Feed
from ..leaving import leave_on_sigterm


def show_beside(experiment: Experiment, tried: Tried, controls: Controls, language: str) -> None:
    """Show them until the student comes back, if there is room; each alone, if that is wanted.

    What leaves the lesson leaves this as well: `controls` are the lesson's.
    """
    runs = tried.runs
    if tried.why or controls.leave is not None or shutil.get_terminal_size().columns < needs(len(runs)):
        return
    quiet = Controls()  # nothing can be done to what is over
    with ExitStack() as stack:
        leave_on_sigterm(quiet)
        stack.callback(leave_on_sigterm, controls)
        feeds = {}
        for name, run in runs.items():
            feeds[name] = stack.enter_context(closing(Feed(run.path, name)))
            feeds[name].go(Place(run.t, -1, -1))
        feed = BesideFeed(feeds, f"experiment {tried.experiment}")
        found: int | str = ""
        while isinstance(found, str) and quiet.leave is None:
            if found:
                run = runs[found]
                watch(run.path, title=f"{tried.experiment}: {found}", controls=quiet, t=run.t, look=experiment.look)
            before, after = values(language, experiment, tried)
            quiet.say(say(language, "beside", before=before, after=after))
            found = watch_beside(feed, quiet, datagram=False)
    controls.leave = quiet.leave if controls.leave is None else controls.leave
