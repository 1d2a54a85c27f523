"""Kill the program: ``python -m tests.crash [KILLS] [--each N] [--seed S] [--jobs J]``; `make crash N=500`.

Every failpoint that any operation passes is hit ``--each`` times, 10 when not given, and the rest of the kills come at
random moments. Where the failpoints alone need more kills than that, there are more, and a quarter of N on top of them
comes at random moments. What was not consistent is left where it is, and told with the seed and the last operation; the
same seed makes the same plan. Then it is killed a quarter as often while components send each other durable messages.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from airssys_tui.store.disk.failpoint import registered
from tests.crash.campaign import PER_SCENE, Target, Verdict, learn, lives, plan, warm
from tests.crash.mail_campaign import POINTS as MAIL_POINTS
from tests.crash.mail_campaign import Losses, mail_campaign


def main(arguments: list[str] | None = None) -> int:
    """Run a campaign; return 1 if anything was not consistent, or a failpoint was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("kills", nargs="?", type=int, default=500)
    parser.add_argument("--each", type=int, default=10, help="kills at each failpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--point", default="", help="only at this failpoint")
    options = parser.parse_args(arguments)
    directory = Path(tempfile.mkdtemp(prefix="airssys-crash-"))
    warm()
    passing = {point: verbs for point, verbs in learn(directory / "learn").items() if options.point in point}
    targets = plan(passing, 0 if options.point else options.kills, options.each, options.seed)
    print(f"{len(targets)} kills: {options.each} at each of {len(passing)} failpoints, the rest at any moment")
    verdicts = carry_out(targets, directory, options.jobs)
    ended = report(verdicts, passing, options.each, options.point)
    if not options.point:
        points = [*MAIL_POINTS * max(1, options.each // 3), *[""] * (options.kills // 4)]
        ended |= report_mail(mail_campaign(directory / "mail", points, options.seed))
    if not ended:
        shutil.rmtree(directory)
    return ended


def carry_out(targets: list[Target], directory: Path, jobs: int) -> list[Verdict]:
    """Carry out a plan in some processes, with one line of progress."""
    scenes = [targets[first : first + PER_SCENE] for first in range(0, len(targets), PER_SCENE)]
    verdicts: list[Verdict] = []
    began = time.monotonic()
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=warm) as pool:
        futures = [pool.submit(lives, scene, directory / f"part-{number}") for number, scene in enumerate(scenes)]
        for future in as_completed(futures):
            verdicts += future.result()
            bad = sum(bool(verdict.fault) for verdict in verdicts)
            told = f"{sum(v.killed for v in verdicts)} of {len(targets)} kills, {bad} not consistent"
            print(f"\r{told}, {time.monotonic() - began:.0f} s", end="", flush=True)
    print()
    return verdicts


def report(verdicts: list[Verdict], passing: dict[str, tuple[str, ...]], each: int, only: str = "") -> int:
    """Print what came of it; return the exit code."""
    hits = Counter(verdict.target.point for verdict in verdicts if verdict.killed)
    faults = [verdict for verdict in verdicts if verdict.fault]
    for verdict in faults:
        print(f"NOT CONSISTENT: {verdict.target.point or 'any moment'}, seed {verdict.target.seed}, in {verdict.scene}")
        print(f"  while: {verdict.last}\n  {verdict.fault}")
    missed = {point: hits[point] for point in passing if hits[point] < each}
    for point, count in missed.items():
        print(f"missed: {point} was hit {count} times of {each}")
    unreached = [name for name in registered() if name not in passing and only in name]
    if unreached:
        print(f"no operation passes, see the store's own crash test: {', '.join(unreached)}")
    kills = sum(hits.values())
    at_points = kills - hits[""]
    print(f"{kills} kills ({at_points} at {len(passing)} failpoints, {hits['']} at any moment): ", end="")
    print(f"{kills - len(faults)} consistent, {len(faults)} not")
    return 1 if faults else 0


def report_mail(losses: Losses) -> int:
    """Print what came of the durable messages; return the exit code."""
    print(f"{losses.kills} kills while {losses.accepted} durable messages were accepted: ", end="")
    print(f"{len(losses.lost)} lost, {losses.missing} dead letters missing")
    return 1 if losses.lost or losses.missing else 0


if __name__ == "__main__":
    sys.exit(main())
