"""What can be done now: from the picture, from what the caller allows, and from what is seen of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .controls import Controls
from .offers import Offer
from .view import View

if TYPE_CHECKING:
    from .gate import GateActions
    from .screens.watch import WatchScreen


def offer_of(view: View | None, controls: Controls, picture: WatchScreen, gate: GateActions) -> Offer:
    """Everything that keys, footer, palette and help are made from; without a view as if the run went on."""
    runs = view is None or view.runs
    server = view.server if view is not None else None
    return Offer(
        sends=runs and _sends(controls),
        datagram=server is not None and server.kind == "datagram",
        types=runs and controls.type is not None,
        interrupts=runs and controls.interrupt is not None,
        servers=view is not None and len(view.moment.servers) > 1,
        searches=picture.output.has_focus,
        one_panel=picture.one_panel,
        enlarged=picture.enlarged,
        typing=picture.entry.purpose if picture.entry.typing else None,
        asks=runs and controls.question is not None,
        holds=gate.possible,
        held=len(view.stopped) if view is not None else 0,
        steps=gate.target.label if gate.target is not None else "",
        removes=gate.removable is not None,
        past=view is not None and view.wanted.t is not None,
        over=not runs,
        playing=view is not None and view.playing,
        filtered=view is not None and view.matched is not None,
    )


def _sends(controls: Controls) -> bool:
    """Whether clients can be sent to the server that is watched."""
    if controls.send is None or controls.reaches is None:
        return controls.send is not None
    return controls.server is not None and controls.reaches(controls.server)
