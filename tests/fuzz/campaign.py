"""Many trials in a process of their own: what ends or hangs that process is a finding, not the end of the campaign."""

from __future__ import annotations

import json
import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from tests.fuzz.trial import Trials

HANG = 60.0
"""Seconds without the end of a trial after which its process is taken for hung. Trials take milliseconds."""
ADDRESS_SPACE = 6 * 1024**3
"""Bytes of address space for all that a campaign compiles: more is a bomb that admission let through."""
LOOK = 0.2


@dataclass
class Report:
    """What a campaign found.

    Attributes:
        outcomes: Trials by the gate that refused, ``admitted`` or ``looked at``.
        findings: What must not happen, each with its trial's number.
        slowest: Seconds of the longest trial, and its number.
        processes: How many processes it took: one, when nothing died.
    """

    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    processes: int = 0
    seconds: float = 0.0

    @property
    def trials(self) -> int:
        """How many were run."""
        return sum(self.outcomes.values())

    def to_json(self) -> str:
        """Return the report as one line."""
        figures = {"seed": self.seed, "trials": self.trials, "seconds": round(self.seconds, 1)}
        slowest = {"seconds": round(self.slowest[0], 3), "trial": self.slowest[1]}
        return json.dumps({**figures, "outcomes": dict(self.outcomes), "slowest": slowest, "findings": self.findings})


def campaign(
    seed: int,
    count: int,
    seconds: float = float("inf"),
    tell: Callable[[Report], None] = lambda _: None,
    trials: Callable[[int], Any] = Trials,
) -> Report:
    """Run trials 0 to ``count`` of a seed, or as many as fit into some seconds.

    Args:
        seed: Which campaign.
        count: How many trials.
        seconds: When to end at the latest.
        tell: Called with the report so far, about five times a second.
        trials: Makes the runner in the process; a test puts one in that dies on purpose.
    """
    report = Report(seed)
    started = time.monotonic()
    following = 0
    while following < count and time.monotonic() - started < seconds:
        following = _one_process(report, (seed, following, count), started + seconds, tell, trials)
        report.seconds = time.monotonic() - started
    return report


def _one_process(
    report: Report,
    span: tuple[int, int, int],
    end: float,
    tell: Callable[[Report], None],
    trials: Callable[[int], Any],
) -> int:
    """Run trials until they are through or their process ends; return the number of the next one."""
    context = multiprocessing.get_context("spawn")
    at = context.Value("q", span[1], lock=False)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(trials, span, at, theirs), daemon=True)
    process.start()
    theirs.close()
    report.processes += 1
    moved, last, done = time.monotonic(), span[1], False
    while not done:
        done = _listen(report, ours)
        now = time.monotonic()
        if at.value != last:
            moved, last = now, at.value
        if now > end or now - moved > HANG:
            break
        tell(report)
    hung, late = time.monotonic() - moved > HANG, time.monotonic() > end
    if not done:
        process.kill()
    process.join()
    ours.close()
    if hung:
        report.findings.append(f"trial {at.value}: hung for more than {HANG:.0f} s")
    elif process.exitcode and not (late and not done):
        report.findings.append(f"trial {at.value}: the process ended with status {process.exitcode}")
    return int(at.value) + (1 if hung or process.exitcode else 0)


def _listen(report: Report, connection: Connection) -> bool:
    """Take in what the process says for a moment; return whether it is through or gone."""
    try:
        if not connection.poll(LOOK):
            return False
        kind, number, said, took = connection.recv()
    except (EOFError, OSError):
        return True
    if kind == "outcomes":
        report.outcomes.update(said)
    else:
        report.findings.append(f"trial {number}: {said}")
    report.slowest = max(report.slowest, took)
    return False


def _work(trials: Callable[[int], Any], span: tuple[int, int, int], at: Synchronized[int], to: Connection) -> None:
    """Run in the process: trial after trial, outcomes told in bundles."""
    seed, first, count = span
    _limit()
    runner = trials(seed)
    bundle: Counter[str] = Counter()
    slowest = (0.0, -1)
    for number in range(first, count):
        at.value = number
        started = time.perf_counter()
        try:
            bundle[runner.run(number)] += 1
        except BaseException:  # noqa: BLE001 - whatever is no refusal is a finding
            bundle["finding"] += 1
            to.send(("finding", number, traceback.format_exc(limit=-4), slowest))
        slowest = max(slowest, (time.perf_counter() - started, number))
        if number % 50 == 49:
            to.send(("outcomes", number, dict(bundle), slowest))
            bundle.clear()
    at.value = count
    to.send(("outcomes", count, dict(bundle), slowest))
    runner.close()
    to.close()


def _limit() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
