"""What a call over a link costs, made by a guest in a loop: the other component is idle, and a worker runs both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from benchmarks.clock import Effort
from benchmarks.report import Row
from benchmarks.scene import PATIENCE, put_component, running, scratch
from tests.support.linked_guests import LINKS, consumer, provider

LOOP: Final = """
  (loop $again
    (drop (call $add (local.get 0) (local.get 1)))
    (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
  (i32.const 0)"""
LIMITS: Final = f'deadline = "1h"\nfuel_per_call = "unlimited"\n{LINKS}'


def links(effort: Effort) -> Iterator[Row]:
    """Two numbers there and one back, per call over the link; the least of three loops, as others run beside it."""
    count = effort.count(5_000)
    with scratch() as directory:
        put_component(directory, "adder", provider())
        put_component(directory, "calculator", consumer(body=LOOP), LIMITS)
        with running(directory) as runtime:
            runtime.invoke("calculator", "calc", 1, 100).result(PATIENCE)
            times = []
            for _ in range(3):
                begun = time.perf_counter()
                runtime.invoke("calculator", "calc", 1, count).result(PATIENCE)
                times.append((time.perf_counter() - begun) / count)
    yield Row(name="link/call", value=min(times) * 1e6, unit="µs")
