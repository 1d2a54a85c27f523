"""``python -m tests.soak [--for 10m]``: ends with 1 when something is wrong."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from airssys_tui.core.units import parse_duration
from tests.soak.run import soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--for", dest="time", default="10m", metavar="TIME", help="such as 30s or 10m")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        findings = soak(Path(root) / "soak", parse_duration(given.time))
    print(json.dumps(findings.summary(), indent=2))
    return 1 if findings.problems else 0


if __name__ == "__main__":
    sys.exit(main())
