"""``python -m benchmarks [--json] [--quick] [NAME…]``: measure everything, or the groups whose names are given."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from benchmarks import (
    actors,
    calls,
    convoy,
    desk,
    extism_rows,
    growth,
    keeping,
    reloads,
    remote,
    screen,
    services,
    startup,
    watching,
)
from benchmarks.clock import QUICK, Effort
from benchmarks.report import Row, table

GROUPS: Final[dict[str, Callable[[Effort], Iterable[Row]]]] = {
    "scalar": calls.scalar,
    "values": calls.values,
    "bytes": calls.byte_lists,
    "host": calls.host,
    "extism": extism_rows.extism,
    "deadline": calls.deadline,
    "instances": calls.instances,
    "messages": actors.messages,
    "requests": actors.requests,
    "hogs": actors.beside_hogs,
    "overshoot": actors.overshoot,
    "convoy": convoy.convoy,
    "commit": reloads.commit,
    "snapshot": keeping.snapshot,
    "collection": keeping.collection,
    "stateful": reloads.stateful,
    "stateless": reloads.stateless,
    "storage": services.storage,
    "services": services.small,
    "types": desk.types,
    "form": desk.form,
    "form-lines": desk.form_lines,
    "socket": remote.socket,
    "followers": remote.followers,
    "attached": remote.attached,
    "components": startup.components,
    "growth": growth.growth,
    "commands": startup.commands,
    "paint": startup.paint,
    "rows": screen.rows,
    "keys": screen.keys,
    "memory": reloads.memory,
    "survey": watching.surveys,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"groups: {', '.join(GROUPS)}")
    parser.add_argument("--json", action="store_true", help="rows as a JSON list")
    parser.add_argument("--quick", action="store_true", help="a smoke run: the figures mean little")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in GROUPS]
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}; there are: {', '.join(GROUPS)}")
    rows = measure(chosen.names or list(GROUPS), QUICK if chosen.quick else Effort())
    print(msgspec.json.encode(rows).decode() if chosen.json else table(rows))
    return 0


def measure(names: Iterable[str], effort: Effort) -> list[Row]:
    """Measure some groups, one after the other, telling on standard error which."""
    rows: list[Row] = []
    for name in names:
        if sys.stderr.isatty():
            print(f"measuring {name} …", end="\r", file=sys.stderr, flush=True)
        rows += GROUPS[name](effort)
    return rows


if __name__ == "__main__":
    sys.exit(main())
