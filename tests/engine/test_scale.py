"""Ten and thirty thousand instances alive and answering, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from pathlib import Path
from airssys_tui.core.limits import Limits
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import guests

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

count, dense = int(sys.argv[1]), sys.argv[2] == "dense"
engine = Engine(EngineSettings(dense=dense))
linker, code = engine.linker(), engine.compile(guests.echo("string"))
linker.instantiate(code, Limits()).call("echo", ["warm"])
before = resident()
instances = [linker.instantiate(code, Limits()) for _ in range(count)]
made = resident() - before
answers = sum(one.call("echo", [str(number)]).value == [str(number)] for number, one in enumerate(instances))
answered = resident() - before
mappings = Path("/proc/self/maps").read_text().count("\\n")
live = engine.pool.live
for one in instances:
    one.close()
print(json.dumps({"answers": answers, "live": live, "left": engine.pool.live, "mappings": mappings,
                  "made": made / count, "answered": answered / count}))
engine.close()
"""


def run(count, layout):
    command = [sys.executable, "-c", PROGRAM, str(count), layout]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(f"{count} {layout}: {found['made']:.0f} bytes resident each, {found['answered']:.0f} after a call")
    assert found["answers"] == count
    assert found["live"] >= count
    assert found["left"] <= 1
    return found


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_ten_thousand_instances_live_and_answer():
    found = run(10_000, "spacious")
    # What the target says: 35 KB each beyond touched linear memory.
    assert found["made"] < 35_000
    assert found["answered"] < 35_000 + 8_192


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
@pytest.mark.parametrize("count", [2_000, pytest.param(30_000, marks=pytest.mark.slow)])
def test_the_dense_layout_needs_hardly_any_mappings(count):
    found = run(count, "dense")
    assert found["mappings"] < 1_000 + count
    assert found["made"] < 35_000
