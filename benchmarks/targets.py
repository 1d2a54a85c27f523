"""What each figure should reach. One table: a row finds its target by its name.

A target on a ratio travels between machines; one in units says what a person or a program waits for on two cores.
"""

from __future__ import annotations

from typing import Final

import msgspec

from benchmarks.report import Row, number


class Target(msgspec.Struct, frozen=True):
    """Bounds of one figure; all that are given have to hold.

    Attributes:
        most: The figure is at most this.
        least: The figure is at least this.
        unit: Of ``most``, ``least`` and ``over``; the row has to have the same.
        times: It is at least this many times better than its baseline.
        factor: It is at most this many times its baseline.
        over: It is at most its baseline and this much.
    """

    most: float | None = None
    least: float | None = None
    unit: str = ""
    times: float | None = None
    factor: float | None = None
    over: float | None = None

    def __str__(self) -> str:
        """Return the bounds as the table shows them."""
        unit = f" {self.unit}" if self.unit else ""
        said = (
            (self.most, f"≤ {number(self.most)}{unit}"),
            (self.least, f"≥ {number(self.least)}{unit}"),
            (self.times, f"≥ {number(self.times)}x better"),
            (self.factor, f"≤ {number(self.factor)}x baseline"),
            (self.over, f"≤ baseline + {number(self.over)}{unit}"),
        )
        return ", ".join(words for bound, words in said if bound is not None)

    def is_met(self, row: Row) -> bool:
        """Return whether a measured row is within all bounds.

        Raises:
            ValueError: If the row counts something else, or lacks the baseline that a bound is about.
        """
        value, baseline = row.value, row.baseline_value
        relative = (self.times, self.factor, self.over) != (None, None, None)
        if value is None or (self.unit and self.unit != row.unit) or (relative and baseline is None):
            raise ValueError(f"{row.name} has {row.unit}, baseline {baseline}: not what its target ({self}) is about")
        beside = baseline or 0.0
        return (
            (self.most is None or value <= self.most)
            and (self.least is None or value >= self.least)
            and (self.times is None or (row.ratio or 0.0) >= self.times)
            and (self.factor is None or value <= self.factor * beside)
            and (self.over is None or value <= beside + self.over)
        )


CORE: Final = "% of a core"

TARGETS: Final[dict[str, dict[str, Target]]] = {
    "links": {"link/call": Target(most=15, unit="µs")},
    "message": {
        "actor/guest-to-guest": Target(least=90_000, unit="/s"),
        "message/request-p50": Target(most=30, unit="µs"),
        "message/publish-to-1000": Target(most=10, unit="ms"),
        "message/1000-chatting-median-slowest": Target(most=2, unit="x"),
    },
    "durable": {"message/durable-send": Target(least=5_000, unit="/s")},
    "scalar": {
        "call/two-u32-bare": Target(times=25),
        "call/two-u32-metered": Target(times=9),
        "call/two-u32-bare-c": Target(times=3),
    },
    "values": {
        "call/string-32": Target(times=7),
        "call/record-6": Target(times=18),
        "call/list-1000-records": Target(times=32),
    },
    "bytes": {
        "call/bytes-64-b": Target(most=4, unit="µs"),
        "call/bytes-1-kib": Target(most=6, unit="µs"),
        "call/bytes-64-kib": Target(most=20, unit="µs"),
        "call/bytes-1-mib": Target(most=250, unit="µs"),
    },
    "host": {
        "call/host-function": Target(most=0.8, unit="µs"),
        "host/bytes-64-kib-out": Target(most=10, unit="µs"),
    },
    "wasi": {
        "http/empty-request-p50": Target(most=500, unit="µs"),
        "http/requests": Target(least=3_000, unit="/s"),
        "wasi/scalar-call": Target(most=1.5, unit="µs"),
        "wasi/read-64-kib": Target(least=20, unit="MiB/s"),
        "wasi/write-64-kib": Target(least=20, unit="MiB/s"),
        "wasi/link": Target(most=10, unit="ms"),
    },
    "waits": {
        "waits/400-deadline-p99": Target(most=50, unit="ms"),
        "waits/call-beside-400-p99": Target(factor=1.10),
        "waits/400-threads": Target(most=410, unit="threads"),
    },
    "extism": {
        "extism/bytes-64-b": Target(times=1),
        "extism/bytes-1-kib": Target(times=1),
        "extism/bytes-64-kib": Target(times=10),
        "extism/bytes-1-mib": Target(times=1),
    },
    "deadline": {"call/deadline-overshoot-max": Target(most=10, unit="ms")},
    "overshoot": {"actor/deadline-overshoot-busy-p95": Target(most=25, unit="ms")},
    "instances": {"call/instantiate": Target(factor=1.5)},
    "messages": {
        "actor/messages-1-worker": Target(least=90_000, unit="/s"),
        "actor/messages-2-worker": Target(least=90_000, unit="/s"),
    },
    "requests": {
        "actor/request-p50": Target(most=20, unit="µs"),
        "actor/request-p99": Target(most=100, unit="µs"),
        "actor/request-across-p50": Target(most=100, unit="µs"),
    },
    "hogs": {"actor/request-beside-2-p99": Target(most=50, unit="ms")},
    "convoy": {"convoy/busy-thread": Target(least=25_000, unit="/s")},
    "stateful": {
        "reload/stateful-p95": Target(over=15, unit="ms"),
        "reload/pause-stateful": Target(over=0.5, unit="ms"),
        "rollback/cached-p95": Target(most=8, unit="ms"),
    },
    "stateless": {
        "reload/stateless-p95": Target(over=10, unit="ms"),
        "reload/pause-stateless": Target(most=0.5, unit="ms"),
    },
    "at-once": {"reload/200-at-once": Target(most=3, unit="s")},
    "residents": {"memory/1000-components": Target(most=30, unit="KB")},
    "crowds": {
        "start/5000-first-deploy": Target(most=8, unit="s"),
        "start/10000-resume": Target(most=8, unit="s"),
        "memory/10000-components": Target(most=30, unit="KB"),
    },
    "storage": {
        "storage/get": Target(factor=2),
        "storage/set-normal": Target(factor=2),
        "storage/apply-2-normal": Target(factor=2),
        "storage/set-full": Target(factor=2),
        "storage/apply-2-full": Target(factor=2),
    },
    "large": {
        "large/javascript": Target(over=0.3, unit="s"),
        "large/python-optimised": Target(over=0.3, unit="s"),
        "large/python-baseline": Target(over=0.3, unit="s"),
    },
    "guard": {"guard/warm": Target(most=1, unit="µs"), "guard/cold": Target(most=20, unit="µs")},
    "doors": {
        "doors/steady-reload-p50": Target(factor=1.10),
        "doors/steady-call-p99": Target(factor=1.10),
        "doors/steady-key-to-paint-p50": Target(factor=1.10),
        "doors/reload-p50": Target(factor=1.10),
        "doors/call-p99": Target(factor=1.10),
        "doors/key-to-paint-p50": Target(factor=1.10),
    },
    "services": {"host/log": Target(most=3, unit="µs")},
    "types": {"desk/wit-show": Target(most=100, unit="ms", factor=2)},
    "form": {"desk/form-1000-rows": Target(most=2000, unit="µs")},
    "socket": {"socket/command-p50": Target(most=500, unit="µs")},
    "followers": {"socket/10000-rows-bytes": Target(most=0.9, unit="MB/s")},
    "components": {
        "start/200-first-deploy": Target(most=0.4, unit="s"),
        "start/1000-first-deploy": Target(most=1.5, unit="s"),
        "start/1000-resume": Target(most=0.8, unit="s"),
    },
    "growth": {
        f"growth/{name}": Target(most=1.1, unit="seconds ~ n^k")
        for name in ("first-start", "resume", "look-at-folder", "snapshot", "list", "gc-plan", "publish")
    },
    "commands": {
        "start/list-cold": Target(most=0.20, unit="s"),
        "start/completion": Target(most=0.15, unit="s"),
        "start/complete-name": Target(most=0.15, unit="s"),
    },
    "paint": {
        "screen/first-paint": Target(most=0.50, unit="s"),
        "screen/at-rest": Target(most=0.7, unit=CORE),
    },
    "rows": {"screen/10000-rows-changing": Target(most=3, unit=CORE)},
    "keys": {"screen/key-to-paint-p95": Target(over=10, unit="ms")},
    "memory": {"reload/rss-growth": Target(most=5, unit="%")},
}
"""Targets by group and row."""
