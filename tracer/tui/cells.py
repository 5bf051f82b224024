"""Text cut and filled to a width in cells."""

from rich.cells import cell_len, set_cell_size


def clip(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut off is marked."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def fill(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells."""
    text = clip(text, width)
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
