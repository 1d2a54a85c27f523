"""From nothing to something to see: many components, the first paint, a cold command, and the cost of idling."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, Self

from benchmarks.clock import Effort, once
from benchmarks.guests import EXPORTS, Raw, binary
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, SAMPLES, put_component, running, scratch

PROGRAM: Final = (sys.executable, "-m", "airssys_tui")
SIZE: Final = struct.pack("HHHH", 40, 120, 0, 0)
"""Rows and columns of the terminal, and two fields that nobody reads."""

REST: Final = 15.0
"""Seconds for which a screen is watched at rest: the system tells its time in hundredths of a second."""

SETTLED: Final = (2.0, 60.0)
"""Seconds before each of two rests: in the first minute every uptime counts seconds, after it minutes."""

BUSY: Final = {"clockwork"}
"""Samples that do something every second by themselves: what is measured here is rest."""


def components(effort: Effort) -> Iterator[Row]:
    """Start many components of one small artifact: deployed for the first time, and resumed from the catalog."""
    wasm = binary(EXPORTS)
    raw = Raw(wasm)
    for count in map(effort.count, (200, 1000)):
        baseline = once(lambda many=count: [raw.instantiate() for _ in range(many)])
        first, again = _starts(count, wasm)
        yield beside(f"start/{count}-first-deploy", first, "s", "raw instantiate", baseline)
        yield beside(f"start/{count}-resume", again, "s", "raw instantiate", baseline)


def _starts(count: int, wasm: bytes) -> tuple[float, float]:
    """Return the seconds until all components run, the first time and the second time."""
    seconds = []
    with scratch() as directory:
        for number in range(count):
            put_component(directory, f"subject-{number}", wasm)
        for _ in range(2):
            started = perf_counter()
            with running(directory) as runtime:
                seconds.append(perf_counter() - started)
                states = {str(row.state) for row in runtime.snapshot().components}
                if states != {"running"}:
                    raise RuntimeError(f"not all of them run: {states}")
    return seconds[0], seconds[1]


def commands(effort: Effort) -> Iterator[Row]:
    """Commands, each in a process of its own: a list, a shell's start, its tab key at a name, a program of one line."""
    with samples() as directory:
        with running(directory):
            pass
        places = ("--folder", str(directory / "components"), "--state-dir", str(directory / "state"))
        listing = (*PROGRAM, "list", "--json", *places)
        lines = {
            "list-cold": listing,
            "completion": (*PROGRAM, "completion", "bash"),
            "complete-name": (*PROGRAM, "__complete", "describe", *places, ""),
        }
        times = {name: [seconds_of(line) for _ in range(effort.rounds)] for name, line in lines.items()}
        empty = [seconds_of((sys.executable, "-c", "pass")) for _ in range(effort.rounds)]
    for name, taken in times.items():
        yield beside(f"start/{name}", median(taken), "s", "python -c pass", median(empty))
    yield _run_command(effort, median(empty))


def _run_command(effort: Effort, empty: float) -> Row:
    """Return how long a command takes from its start to its exit, beside `wasmtime run` where that is installed."""
    hello = SAMPLES / "wasi-hello" / "wasi-hello.wasm"
    taken = median([seconds_of((*PROGRAM, "run-command", str(hello))) for _ in range(effort.rounds)])
    other = shutil.which("wasmtime")
    if other is None:
        return beside("start/run-command", taken, "s", "python -c pass", empty)
    theirs = median([seconds_of((other, "run", str(hello))) for _ in range(effort.rounds)])
    return beside("start/run-command", taken, "s", "wasmtime run", theirs)


def paint(effort: Effort) -> Iterator[Row]:
    """The screen in a terminal: until its first frame, and what it costs to look at it at rest."""
    paints: list[float] = []
    shares: list[float] = []
    whole = effort.scale >= 1
    with samples() as directory:
        places = (str(directory / "components"), "--state-dir", str(directory / "state"))
        for number in range(min(effort.rounds, 3)):
            with Terminal((*PROGRAM, *places)) as terminal:
                paints.append(terminal.until(b"AirsSys", b"airssys"))
                if number == 0:
                    for before in SETTLED if whole else (0.5, 0.5):
                        terminal.watch(before)
                        shares.append(terminal.cpu_share(REST if whole else 0.5) * 100)
        textual = [seconds_of((sys.executable, "-c", "import textual.app")) for _ in range(effort.rounds)]
    yield beside("screen/first-paint", median(paints), "s", "import textual.app", median(textual))
    for name, share in zip(("at-rest-first-minute", "at-rest"), shares, strict=True):
        yield Row(name=f"screen/{name}", value=share, unit="% of a core", baseline="the samples")


@contextmanager
def samples() -> Iterator[Path]:
    with scratch() as directory:
        for manifest in SAMPLES.glob("*/Component.toml"):
            if manifest.parent.name in BUSY:
                continue
            home = directory / "components" / manifest.parent.name
            home.mkdir()
            for file in (manifest, *manifest.parent.glob("*.wasm")):
                shutil.copy(file, home)
        yield directory


def seconds_of(command: tuple[str, ...]) -> float:
    """Return how long a process takes from its start to its exit."""

    def run() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)

    return once(run)


class Terminal:
    """A program in a pty; what it writes is read and dropped."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._started = perf_counter()
        self._pid, self._pty = pty.fork()
        if self._pid == 0:
            os.environ["TERM"] = "xterm-256color"
            fcntl.ioctl(0, termios.TIOCSWINSZ, SIZE)
            os.execv(command[0], command)
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, 15)
        self.watch(PATIENCE)
        os.close(self._pty)
        os.waitpid(self._pid, 0)

    def until(self, *needles: bytes) -> float:
        """Return the seconds since the start at which one of the needles had been written."""
        while not any(needle in self._seen for needle in needles):
            if not self._read(PATIENCE):
                raise RuntimeError(f"the screen ended or shows nothing: {self._seen[-500:]!r}")
        return perf_counter() - self._started

    def watch(self, seconds: float) -> None:
        """Read for so long, or until the program ends."""
        end = perf_counter() + seconds
        while (left := end - perf_counter()) > 0 and self._read(left):
            pass

    def cpu_share(self, seconds: float) -> float:
        """Return the CPU time per second that the program takes for so long."""
        before, started = self._cpu(), perf_counter()
        self.watch(seconds)
        return (self._cpu() - before) / (perf_counter() - started)

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._pty], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._pty, 65536)
        except OSError:
            return False
        self._seen = (self._seen + data)[-65536:]
        return bool(data)
