"""How much of a room is taken, as boxes."""

from .marks import ROOM, WAITING

_BOXES = 10


def scaled(taken: int, room: int) -> str:
    """Ten boxes; one that is begun is drawn."""
    boxes = min(_BOXES, -(-taken * _BOXES // room)) if room > 0 else _BOXES
    return WAITING * boxes + ROOM * (_BOXES - boxes)
