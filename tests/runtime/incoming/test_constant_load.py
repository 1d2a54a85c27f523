"""No request is lost, at length: a client of its own asks all the time through reloads, rollbacks and traps."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from airssys_tui.api.commands import Rollback
from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.http_client import Client
from tests.support.http_load import MANIFEST
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World

WRK: Final = shutil.which("wrk")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(WRK is None, reason="wrk is missing: a load generator that every Linux distribution has"),
]

RELOADS, ROLLBACKS, TRAPS = 200, 100, 50

SCRIPT: Final = """
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() good = 0; bad = 0; other = "" end
function response(status, headers, body)
  if status == 200 and #body == 11 then good = good + 1 else bad = bad + 1; other = status .. " " .. body end
end
function done(summary, latency, requests)
  local good, bad, other = 0, 0, ""
  for _, thread in ipairs(threads) do
    good = good + thread:get("good"); bad = bad + thread:get("bad"); other = other .. thread:get("other")
  end
  local errors = summary.errors
  local text = string.gsub(string.gsub(other, "%c", " "), '"', "'")
  print(string.format('{"good":%d,"bad":%d,"other":"%s","hung_up":%d,"timeouts":%d,"longest_ms":%.1f}',
    good, bad, text, errors.connect + errors.read + errors.write, errors.timeout, latency.max / 1000))
end
"""


class Load(msgspec.Struct, frozen=True):
    """What a client has seen.

    Attributes:
        good: Responses of the component, whole.
        bad: Other answers.
        other: One of them.
        hung_up: Connections that ended.
        timeouts: Answers that took longer than 30 seconds.
        longest_ms: The longest time until an answer.
    """

    good: int
    bad: int
    other: str
    hung_up: int
    timeouts: int
    longest_ms: float


@contextlib.contextmanager
def load(port: int, folder: Path) -> Iterator[list[Load]]:
    """Ask all the time on eight connections; after the block there is what came back."""
    script = folder / "count.lua"
    script.write_text(SCRIPT)
    found: list[Load] = []
    command = [str(WRK), "-t1", "-c8", "-d1200s", "--timeout", "30s", "-s", str(script), f"http://127.0.0.1:{port}/c"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield found
    finally:
        process.send_signal(signal.SIGINT)  # it tells what it has
        out, _ = process.communicate(timeout=60)
    found.append(msgspec.json.decode(out.splitlines()[-1], type=Load))


def test_reloads_rollbacks_and_traps_lose_nothing(
    world: World, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    world.put("c", http_guest("v0"), MANIFEST, version="0.0.0")
    world.open(http=(ListenAddress("127.0.0.1", 0),), shutdown=30.0)
    port = world.runtime.probe.system.http.listeners[0].address.port
    seen = {}
    with load(port, tmp_path) as found:
        for number in range(RELOADS):
            version = f"{chr(ord('a') + number // 10)}{number % 10}"
            world.install("c", http_guest(version), MANIFEST, version=f"1.{number}.0")
    seen["reloads"] = found[0]
    newest = max(one.number for one in world.runtime.versions("c").result(30))
    with load(port, tmp_path) as found:
        for number in range(ROLLBACKS):
            world.do(Rollback("c", to=newest - 1 + number % 2, force=True))
    seen["rollbacks"] = found[0]
    with load(port, tmp_path) as found, Client(port) as client:
        statuses = [client.ask("GET", "/trap").status for _ in range(TRAPS)]
    seen["traps"] = found[0]
    for during, one in seen.items():
        record_property(during, f"{one.good} responses, the longest after {one.longest_ms} ms")
        print(during, one)
        assert (one.bad, one.hung_up, one.timeouts) == (0, 0, 0), (during, one)
        assert one.good > 0, during
    assert statuses == [502] * TRAPS
    (route,) = world.runtime.http().result(30).routes
    reasons = {each.reason: each.count for each in route.reasons}
    assert reasons.pop("trap") == TRAPS
    assert set(reasons) <= {"client-left"}, "the load ends in the middle of its requests"
