"""``python -m tests.fuzz [--count N] [--seed S] [--seconds T] [--show TRIAL]``: ends with 1 when there is a finding."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import Report, campaign
from tests.fuzz.trial import Trials


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="trials")
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
        if report.trials >= shown + 5_000:
            shown = report.trials
            print(f"{report.trials} trials, {len(report.findings)} findings", file=sys.stderr, flush=True)

    report = campaign(given.seed, given.count, given.seconds, tell)
    print(report.to_json())
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
