"""Measure everything, or the groups whose names are given; with ``--compare``, in two checkouts in turn.

``python -m benchmarks [--all] [--json] [--quick] [--compare CHECKOUT] [--keep RELEASE] [NAME…]``
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import (
    actors,
    beside_doors,
    calls,
    conversation,
    convoy,
    crowds,
    desk,
    durable_sends,
    extism_rows,
    file_doors,
    floors,
    growth,
    guards,
    handling,
    http_serving,
    keeping,
    large,
    links,
    profiles,
    program_door,
    reloads,
    remote,
    screen,
    services,
    startup,
    waits,
    wasi,
    watching,
    web,
)
from benchmarks.clock import QUICK, Effort
from benchmarks.comparison import compare, in_process_of_its_own, table_of_pairs
from benchmarks.judgement import judged, tally
from benchmarks.release import Release, keep, last_release
from benchmarks.report import Row, table
from benchmarks.targets import TARGETS

GROUPS: Final[dict[str, Callable[[Effort], Iterable[Row]]]] = {
    "scalar": calls.scalar,
    "values": calls.values,
    "bytes": calls.byte_lists,
    "host": calls.host,
    "wasi": wasi.wasi,
    "waits": waits.waits,
    "extism": extism_rows.extism,
    "deadline": calls.deadline,
    "handle-message": handling.messages,
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
    "at-once": reloads.at_once,
    "large": large.large,
    "storage": services.storage,
    "services": services.small,
    "links": links.links,
    "message": conversation.messages,
    "durable": durable_sends.durable_sends,
    "guard": guards.decisions,
    "files": file_doors.files,
    "programs": program_door.programs,
    "doors": beside_doors.doors,
    "types": desk.types,
    "form": desk.form,
    "form-lines": desk.form_lines,
    "socket": remote.socket,
    "followers": remote.followers,
    "attached": remote.attached,
    "components": startup.components,
    "residents": crowds.residents,
    "crowds": crowds.crowds,
    "growth": growth.growth,
    "commands": startup.commands,
    "paint": startup.paint,
    "rows": screen.rows,
    "keys": screen.keys,
    "memory": reloads.memory,
    "survey": watching.surveys,
    "http": http_serving.serving,
    "network": web.round_trip,
    "profiles": profiles.profiles,
    "floors": floors.floors,
}

LONG: Final = frozenset({"crowds"})
"""Groups that are measured only if they are named, or with ``--all``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it; return the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in GROUPS]
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}; there are: {', '.join(GROUPS)}")
    # Users have compiled modules: the processes that are started here compile them once, too.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    names = chosen.names or [name for name in GROUPS if chosen.all or name not in LONG]
    if chosen.compare is not None:
        options = ("--quick",) if chosen.quick else ()
        pairs = compare(chosen.compare.resolve(), names, max(1, chosen.pairs), in_process_of_its_own(*options))
        print(msgspec.json.encode(pairs).decode() if chosen.json else table_of_pairs(pairs))
        return 0
    last = last_release()
    if chosen.rows is not None:
        found = msgspec.json.decode(chosen.rows.read_bytes(), type=list[Row])
        measured = [row for row in found if row.value is not None]
    else:
        measured = measure(names, QUICK if chosen.quick else Effort())
    rows = judged(measured, names if chosen.names else TARGETS, last)
    if chosen.keep:
        keep(chosen.keep, measured, chosen.note)
    print(msgspec.json.encode(rows).decode() if chosen.json else _page(rows, last))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"groups: {', '.join(GROUPS)}")
    parser.add_argument("--all", action="store_true", help=f"those that take minutes, too: {', '.join(sorted(LONG))}")
    parser.add_argument("--json", action="store_true", help="rows as a JSON list")
    parser.add_argument("--quick", action="store_true", help="a smoke run: the figures mean little")
    parser.add_argument(
        "--compare", type=Path, metavar="CHECKOUT", help="measure this checkout and another one in turn"
    )
    parser.add_argument("--pairs", type=int, default=3, metavar="N", help="with --compare: pairs of each figure")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="take the rows of a run with --json, measure nothing")
    parser.add_argument("--keep", metavar="RELEASE", help="keep the figures as those of the last release")
    parser.add_argument("--note", default="", help="with --keep: what else is to be known of the machine")
    return parser


def _page(rows: Sequence[Row], last: Release) -> str:
    then = f"last release: {last.release}, measured {last.measured} on {last.machine}" if last.release else ""
    return "\n".join(line for line in (table(rows), "", tally(rows), then) if line or not then)


def measure(names: Iterable[str], effort: Effort) -> list[Row]:
    """Measure some groups, one after the other, telling on standard error which, and how long each took."""
    rows: list[Row] = []
    for name in names:
        if sys.stderr.isatty():
            print(f"measuring {name} …", end="\r", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            rows += GROUPS[name](effort)
        except Exception as error:  # noqa: BLE001 - one group that fails leaves the others to be measured
            print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            print(f"{name}: {time.monotonic() - began:.1f} s      ", file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
