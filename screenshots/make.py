"""Make the README's pictures from the recordings beside this file: `python screenshots/make.py`; `--check` compares instead.

A recording here is the beginning of a real run, copied while it ran: the picture is the screen as it was at that moment. A picture is
the same to the byte for the same Textual and Rich; `--check` looks at the text of it, which other versions draw the same.
"""

import asyncio
import html
import os
import re
import sys
from pathlib import Path

os.environ.pop("NO_COLOR", None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tracer.timeline.load import load
from tracer.tui.app import Watch
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed

HERE = Path(__file__).parent
#: picture -> title on the screen, size in cells
PICTURES = {"forking": ("demo forking", (120, 36))}


async def picture(name: str) -> str:
    """The screen at the end of a recording, as SVG."""
    title, size = PICTURES[name]
    path = HERE / f"{name}.tracer"
    timeline, _ = load(path)
    feed = Feed(path, title, follow=True, clock=lambda: timeline.newest)
    app = Watch(feed, Controls(send=lambda kind: None), ticking=False)
    async with app.run_test(size=size) as pilot:
        for _ in range(20):
            app.tick()
            await pilot.pause()
        svg = app.export_screenshot(title="tracer demo")
    feed.close()
    return _offline(svg)


def _offline(svg: str) -> str:
    """Without fonts from elsewhere: the picture must look the same without a network."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return svg.replace("Fira Code, monospace", "DejaVu Sans Mono, monospace").replace("Fira Code", "DejaVu Sans Mono")


def words(svg: str) -> list[str]:
    """The text of a picture, piece by piece."""
    return [html.unescape(piece).replace("\xa0", " ").strip() for piece in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def main() -> int:
    """0, or 1 if a picture is not what its recording shows."""
    stale = []
    for name in PICTURES:
        target, svg = HERE / f"{name}.svg", asyncio.run(picture(name))
        if "--check" not in sys.argv:
            target.write_text(svg)
        elif words(svg) != words(target.read_text()):
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python screenshots/make.py")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
