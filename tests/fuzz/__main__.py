"""``python -m tests.fuzz [--count N] [--modules N] [--seed S] [--seconds T] [--show TRIAL]``: ends with 1 on a finding.

First damaged components go through admission, then random modules through both tiers of code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import Report, campaign
from tests.fuzz.differential import Comparisons
from tests.fuzz.trial import Trials


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="trials")
    parser.add_argument("--modules", type=int, default=2_000, help="random modules that both tiers run")
    parser.add_argument("--seed", type=int, default=1, help="which campaign; the same seed gives the same bytes")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many seconds")
    parser.add_argument("--show", type=int, metavar="TRIAL", help="write the bytes of one trial to stdout and end")
    given = parser.parse_args()
    if given.show is not None:
        with Path("/dev/stdout").open("wb") as out:
            out.write(Trials(given.seed).bytes_of(given.show))
        return 0
    shown = 0

    def tell(report: Report) -> None:
        nonlocal shown
        if report.trials >= shown + 1_000:
            shown = report.trials
            print(f"{report.trials} trials, {len(report.findings)} findings", file=sys.stderr, flush=True)

    damaged = campaign(given.seed, given.count, given.seconds, tell)
    print(damaged.to_json())
    shown = 0
    compared = campaign(given.seed, given.modules, given.seconds, tell, Comparisons)
    print(compared.to_json())
    return 1 if damaged.findings or compared.findings else 0


if __name__ == "__main__":
    sys.exit(main())
