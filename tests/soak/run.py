"""One soak: a runtime, its folder, the crowd, and what is measured meanwhile."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.events import Event, EventAction
from airssys_tui.core.lifecycle import State
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from tests.soak.crowd import PATIENCE, Crowd
from tests.soak.folder import ODDITIES, Arrivals, furnish
from tests.soak.trouble import KINDS, Trouble

GROWTH_SHARE = 0.10
GROWTH_BYTES = 48 * 1024 * 1024
"""Memory is flat when, from the first quarter after warming up to the last one, it grew by less than both together."""
SHORT = 120.0
SHORT_GROWTH_BYTES = 256 * 1024 * 1024
"""What a soak of less than :data:`SHORT` seconds may grow by: one list of 3 MB takes 100 MB while it is passed."""
EXPECTED = (
    *("control: ok", "changing: ok", "looper: deadline", "spender: out-of-fuel", "trapper: unreachable"),
    *("eater: out-of-memory", "sender: transfer-limit", "sleeper: deadline", "printer: ok", "hostile: ok"),
    *("hoarder: ok", "guest: ok", "mended: ok", "banker: ok", "hog-1: ok", "hog-2: ok"),
)
"""What has to have happened at least once, or the soak has not soaked."""
ANSWER = 0.1
"""Seconds within which ``control`` answers 99 of 100 calls, whatever the others do."""
SHORT_ANSWER = 1.0
"""The same in a soak of less than :data:`SHORT` seconds, which runs beside other tests."""


@dataclass
class Findings:
    """What a soak measured, and what is wrong with it.

    Attributes:
        rss: Resident bytes, once a second.
        told: Answers by component and kind.
        problems: What must not be.
    """

    seconds: float
    rss: list[int] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    revisions: int = 0
    troubles: dict[str, int] = field(default_factory=dict)
    median: float = 0.0
    percentile_99: float = 0.0
    slowest: float = 0.0
    threads: list[str] = field(default_factory=list)
    descriptors: tuple[int, int] = (0, 0)
    problems: list[str] = field(default_factory=list)

    def flat(self) -> tuple[int, int]:
        """Return the memory between the peaks in the first and in the last quarter after the warm-up.

        The warm-up is a fifth of the time. A large value on its way takes 100 MB for a moment, so peaks say how many
        of them met; what is left between them, in the lowest tenth of the samples, is what grows if something leaks.
        """
        warm = self.rss[len(self.rss) // 5 :]
        quarter = max(1, len(warm) // 4)
        return between_peaks(warm[:quarter]), between_peaks(warm[-quarter:])

    def summary(self) -> dict[str, Any]:
        """Return the figures for people."""
        first, last = self.flat()
        figures = {key: value for key, value in asdict(self).items() if key != "rss"}
        mib = 1024 * 1024
        tenth = max(1, len(self.rss) // 10)
        course = [between_peaks(self.rss[at : at + tenth]) // mib for at in range(0, len(self.rss), tenth)]
        memory = {"first": first // mib, "last": last // mib, "most": max(self.rss) // mib, "course": course}
        return {**figures, "calls": sum(self.told.values()), "memory_mib": memory}


def soak(root: Path, seconds: float) -> Findings:
    """Run everything at once.

    Args:
        root: An empty directory.
        seconds: For how long.
    """
    folder = root / "components"
    furnish(folder)
    _statm()
    before = descriptors()
    settings = RuntimeSettings(sample=0.25, shutdown=5.0, engine=EngineSettings(compile_cpu=2.0))
    runtime = EmbeddedRuntime.open(folder, state_dir=root / "state", settings=settings)
    findings = Findings(seconds)
    try:
        assert runtime.wait_settled(PATIENCE), "the folder did not settle"
        crowd = _let_loose(runtime, root, findings)
        _judge(runtime, crowd, findings)
    finally:
        runtime.close()
    _judge_threads(findings)
    findings.descriptors = (before, descriptors())
    return findings


def _let_loose(runtime: EmbeddedRuntime, root: Path, findings: Findings) -> Crowd:
    stop = threading.Event()
    crowd = Crowd(runtime, stop)
    arrivals = Arrivals(root / "components", seed=1)
    trouble = Trouble(runtime, root / "state", stop)
    works = [_over_and_over(work, 0.0, stop, findings) for work in crowd.callers()]
    works += [_over_and_over(work, pause, stop, findings) for pause, work in (*arrivals.every(), *trouble.every())]
    works.append(crowd.forget)
    threads = [threading.Thread(target=work, name="soak") for work in works]
    for thread in threads:
        thread.start()
    end = time.monotonic() + findings.seconds
    # On a machine that is busy with other things, a short one goes on until everything has happened.
    while (left := end - time.monotonic()) > 0 or (left > -PATIENCE and _missing(crowd)):
        findings.rss.append(resident())
        stop.wait(min(1.0, max(0.05, findings.seconds / 40)))
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)
        if thread.is_alive():
            findings.problems.append("a caller has not been answered")
    trouble.end()
    findings.troubles = dict(trouble.made)
    findings.problems += [f"never made: {kind}" for kind in KINDS if not trouble.made[kind]]
    return crowd


def _missing(crowd: Crowd) -> list[str]:
    return [wanted for wanted in EXPECTED if not crowd.told[wanted]]


def _over_and_over(
    work: Callable[[], None], pause: float, stop: threading.Event, findings: Findings
) -> Callable[[], None]:
    def run() -> None:
        while not stop.is_set():
            try:
                work()
            except OSError as error:
                if error.errno != errno.EMFILE:  # one of the troubles; whoever writes files has to bear it, too
                    findings.problems.append(f"unexpected: {error!r}")
                    return
            except BaseException as error:  # noqa: BLE001 - a caller that ends early would hide what it found
                findings.problems.append(f"unexpected: {error!r}")
                return
            if pause:
                stop.wait(pause)

    return run


def _judge(runtime: EmbeddedRuntime, crowd: Crowd, findings: Findings) -> None:
    findings.told = dict(sorted(crowd.told.items()))
    _judge_waits(sorted(crowd.waits), findings)
    findings.problems += crowd.surprises
    findings.revisions = len(runtime.versions("changing").result(PATIENCE))
    findings.problems += [f"never happened: {wanted}" for wanted in _missing(crowd)]
    count = runtime.invoke("control", "get").result(PATIENCE)
    if count != crowd.acknowledged:
        findings.problems.append(f"control counted {count}, {crowd.acknowledged} were acknowledged")
    rows = {row.id: row for row in runtime.snapshot().components}
    if rows["control"].restarts or rows["control"].state is not State.RUNNING:
        findings.problems.append(f"control was harmed: {rows['control'].state}, {rows['control'].restarts} restarts")
    events = runtime.events(0, 5_000).events
    _judge_neighbours(rows, events, findings)
    if findings.problems:
        findings.problems += [f"the folder says: {text}" for text in runtime.snapshot().problems]
    findings.problems += [event.text for event in events if event.action == EventAction.INTERNAL]
    first, last = findings.flat()
    allowed = GROWTH_BYTES if findings.seconds >= SHORT else SHORT_GROWTH_BYTES
    if last > first * (1 + GROWTH_SHARE) + allowed:
        findings.problems.append(f"memory grew from {first} to {last} bytes")


def _judge_waits(waits: list[float], findings: Findings) -> None:
    findings.median, findings.percentile_99, findings.slowest = (
        round(waits[min(len(waits) - 1, int(len(waits) * share))], 4) for share in (0.5, 0.99, 1.0)
    )
    allowed = ANSWER if findings.seconds >= SHORT else SHORT_ANSWER
    if findings.percentile_99 > allowed:
        findings.problems.append(f"control answered 99 of 100 calls within {findings.percentile_99} s, not {allowed} s")


def _judge_neighbours(rows: dict[str, ComponentView], events: Sequence[Event], findings: Findings) -> None:
    """What cannot be read is a row with a note; what had a damaged copy serves, and is not condemned."""
    for name in ODDITIES:
        row = rows.get(name)
        if row is None or row.state is State.RUNNING or not row.note.text:
            story = [event.text for event in events if event.component == name]
            findings.problems.append(f"{name} is not a row that says what is wrong with it: {row}; its story: {story}")
    if (mended := rows["mended"]).quarantined or mended.revision != 1:
        findings.problems.append(f"mended was condemned for a damaged copy: {mended.note.text}")


def _judge_threads(findings: Findings) -> None:
    ours = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    findings.threads = sorted(ours)
    leaked = [name for name in ours if name.startswith(("worker", "control", "disk", "compile", "soak"))]
    if leaked:
        findings.problems.append(f"threads were left behind: {leaked}")


def between_peaks(samples: list[int]) -> int:
    """Return the sample below which a tenth of the samples lies."""
    return sorted(samples)[len(samples) // 10]


def resident() -> int:
    """Return the resident bytes of this process."""
    pages = int(os.pread(_statm(), 256, 0).split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@cache
def _statm() -> int:
    """Open the file once: a soak has moments in which none can be opened."""
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)


def descriptors() -> int:
    """Return how many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
