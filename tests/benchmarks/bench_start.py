"""What `tracer record` adds to the start of a program: wall-clock milliseconds, beside the same program started plainly.

    python tests/benchmarks/bench_start.py [--rounds N]

Each round starts every command once, in shuffled order; what is added is taken within the round, so a machine that changes its speed
changes both. Printed are the median and the quartiles over all rounds. "again" is the plain command once more: the noise.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRIVIAL = "pass"
SERVER = "import socketserver"


def commands(folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """What to start: name -> command, and what its environment has more."""
    (folder / "trivial.py").write_text(TRIVIAL)
    (folder / "server.py").write_text(SERVER)
    command = Path(sysconfig.get_path("scripts")) / "tracer"
    tracer = [str(command)] if command.exists() else [sys.executable, "-m", "tracer"]
    plain = [sys.executable, str(folder / "trivial.py")]
    imports = [sys.executable, str(folder / "server.py")]
    record = [*tracer, "record", "-o", str(folder / "run.tracer")]
    (folder / "page").write_bytes(bytes(4096))
    injected = {"PYTHONPATH": str(ROOT / "tracer" / "probe" / "boot"), "TRACER_PAGE": str(folder / "page"), "TRACER_RECORDING": "none"}
    return {
        "plain": (plain, {}),
        "again": (plain, {}),
        "record": ([*record, str(folder / "trivial.py")], {}),
        "child": (plain, injected),
        "plain, imports socketserver": (imports, {}),
        "record, imports socketserver": ([*record, str(folder / "server.py")], {}),
    }


def milliseconds(command: list[str], more: dict[str, str]) -> float:
    """How long the command takes from start to end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, **more})
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        known = commands(Path(folder))
        rounds = []
        for number in range(options.rounds + 2):
            order = list(known)
            random.shuffle(order)
            found = {name: milliseconds(*known[name]) for name in order}
            if number >= 2:  # the first ones compile
                rounds.append(found)
    print(f"Python {sys.version.split()[0]}, {options.rounds} rounds; plain {statistics.median(one['plain'] for one in rounds):.1f} ms")
    for name, base, words in (
        ("again", "plain", "the noise"),
        ("record", "plain", "tracer record of a trivial script"),
        ("record, imports socketserver", "plain, imports socketserver", "tracer record of one that imports socketserver"),
        ("child", "plain", "an interpreter of the run that never imports socketserver"),
    ):
        low, middle, high = statistics.quantiles([one[name] - one[base] for one in rounds], n=4)
        print(f"{words:58} +{middle:.1f} ms [{low:.1f}..{high:.1f}]")


if __name__ == "__main__":
    main()
