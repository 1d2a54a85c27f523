"""The figures of the last release, kept in the repository with a note on the machine that they come from."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.report import Row

FILE: Final = Path(__file__).with_name("last_release.json")


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure of a release, and how many times better than its baseline it was."""

    value: float
    unit: str
    ratio: float | None = None


class Release(msgspec.Struct, frozen=True):
    """The figures of a release.

    Attributes:
        release: Its name.
        measured: The day.
        machine: What it was measured on; times of another machine are for orientation only, ratios travel.
        figures: By the name of the row.
    """

    release: str = ""
    measured: str = ""
    machine: str = ""
    figures: dict[str, Figure] = {}


def last_release(file: Path = FILE) -> Release:
    """Read the figures of the last release; there are none before the first."""
    return msgspec.json.decode(file.read_bytes(), type=Release) if file.exists() else Release()


def keep(name: str, rows: Iterable[Row], note: str = "", file: Path = FILE) -> None:
    """Keep the figures of a release, to three significant digits; those of rows that were not measured stay.

    Args:
        name: The release.
        rows: The rows of a run.
        note: What else is to be known of the machine.
        file: Where they are kept.
    """
    fresh = {
        row.name: Figure(_short(row.value), row.unit, _short(row.ratio) if row.ratio is not None else None)
        for row in rows
        if row.value is not None
    }
    figures = dict(sorted({**last_release(file).figures, **fresh}.items()))
    release = Release(name, time.strftime("%Y-%m-%d", time.gmtime()), machine(note), figures)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(release), indent=1) + b"\n")


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def machine(note: str) -> str:
    """Describe this machine in one line."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    system = f"{platform.system()} {platform.machine()}"
    parts = (f"{os.cpu_count()} cores of {model}", system, f"Python {platform.python_version()}", note)
    return ", ".join(part for part in parts if part)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
