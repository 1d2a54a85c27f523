"""File descriptors: none stays open for a component, and the last fifth is not for new work."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.api.commands import Reload
from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.core.errors import CapacityError
from airssys_tui.core.lifecycle import State
from airssys_tui.core.limits import Limits
from airssys_tui.core.supervision import Backoff
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.deploying import refusals
from airssys_tui.runtime.machinery.descriptors import MOST, Descriptors
from tests.support.components import Crafted
from tests.support.places import ROOT
from tests.support.world import World

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors")

TWICE = """
import os, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings

root, count = Path(sys.argv[1]), int(sys.argv[2])
for start in ("cold", "warm"):
    runtime = EmbeddedRuntime.open(root / "c", state_dir=root / "s", settings=RuntimeSettings(watch=True))
    assert runtime.wait_settled(100)
    rows = runtime.snapshot().components
    assert len(rows) == count, len(rows)
    assert all(row.state == "running" for row in rows), [(row.id, row.state, row.note) for row in rows]
    assert runtime.invoke(rows[-1].id, "get").result(30) == 0
    open_now = len(os.listdir("/proc/self/fd"))
    assert open_now < 40, open_now
    runtime.close()
print("done")
"""


def test_more_components_than_descriptors_start_cold_and_warm(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    for number in range(90):
        component = Crafted(exports=frozenset({"get"}), salt=str(number))
        (tmp_path / "c" / f"each-{number}.wasm").write_bytes(component.wasm())

    ended = subprocess.run(
        [sys.executable, "-c", TWICE, str(tmp_path), "90"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr[-2_000:]) == (0, "done\n", "")


def opened_under(folder: Path) -> int:
    """Count this process's descriptors of files in a folder."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found += str(link.readlink()).startswith(str(folder))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(("settings", "kept"), [({}, 0), ({"mapped_code": 1, "max_mapped": 3}, 3)])
def test_loaded_code_keeps_few_files_open(tmp_path: Path, settings: dict[str, int], kept: int) -> None:
    engine = Engine(EngineSettings(**settings))  # type: ignore[arg-type]
    file = tmp_path / "code"
    file.write_bytes(engine.compile(Crafted().wasm()).serialised())

    codes = [engine.load(file) for _ in range(8)]

    assert opened_under(tmp_path) == kept
    for code in codes:
        with engine.linker().instantiate(code, Limits()) as instance:
            assert instance.call("add", 4).value == 4
    del codes, code, instance
    gc.collect()
    assert opened_under(tmp_path) == 0
    assert len([engine.load(file) for _ in range(4)]) == 4
    engine.close()


@pytest.mark.parametrize(
    ("used", "limit", "full"),
    [(79, 100, False), (80, 100, True), (100, 100, True), (None, 100, True), (5_000, None, False), (819, 1_024, False)],
)
def test_new_work_has_four_fifths_of_the_descriptors(used: int | None, limit: int | None, full: bool) -> None:
    crowding = Descriptors(lambda: used, lambda: limit).crowding("another client")

    assert (crowding is not None) is full
    if crowding is not None:
        assert f"of {limit} file descriptors" in crowding.message
        assert "another client" in crowding.message
        assert "ulimit -n" in crowding.remedy


@pytest.mark.parametrize(("soft", "hard"), [(64, 256), (128, 128), (200, 201)])
def test_the_limit_is_raised_as_far_as_the_system_allows(soft: int, hard: int) -> None:
    program = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "from airssys_tui.runtime.machinery.descriptors import raise_limit\n"
        "raise_limit()\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ended.stdout == f"{hard} {hard}\n"


def test_a_runtime_raises_the_limit_and_counts(world: World) -> None:
    world.open()

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft >= min(hard if hard != resource.RLIM_INFINITY else MOST, MOST)
    seen = world.wait_for(lambda seen: seen if seen.descriptors else None)
    assert seen.descriptor_limit == soft
    assert abs(seen.descriptors - sum(1 for _ in Path("/proc/self/fd").iterdir())) < 20


def test_a_new_component_is_refused_without_room_and_those_there_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "RETRY", Backoff(initial=0.3, max=0.3))
    world.put("old", Crafted())
    world.open()
    used = [80]
    world.runtime.probe.floor.descriptors = Descriptors(lambda: used[0], lambda: 100)

    row = world.install("new", Crafted(salt="new"))

    assert row.state is not State.RUNNING
    assert "capacity" in row.note.text
    assert "80 of 100 file descriptors" in world.told("new", "refused")
    assert world.install("old", Crafted(salt="2")).revision == 2  # an update needs no more than before
    assert world.call("old", "add", 1) == 1
    used[0] = 40
    assert world.wait_row("new", lambda row: row.state is State.RUNNING).revision == 1  # tried again by itself


def test_reloading_a_new_component_without_room_says_so(world: World) -> None:
    world.open()
    world.runtime.probe.floor.descriptors = Descriptors(lambda: 99, lambda: 100)
    world.install("new", Crafted())

    with pytest.raises(CapacityError, match="99 of 100 file descriptors"):
        world.do(Reload("new"))


def test_a_client_without_room_is_refused_with_the_remedy(tmp_path: Path) -> None:
    used = [10]
    descriptors = Descriptors(lambda: used[0], lambda: 100)
    path = tmp_path / "control.sock"
    server = ControlServer(PlayedRuntime(scenes.still), path, crowding=lambda: descriptors.crowding("another client"))
    try:
        first = RemoteRuntime.open(path, client="first")
        used[0] = 90
        with pytest.raises(CapacityError, match="90 of 100 file descriptors") as refused:
            RemoteRuntime.open(path, client="second")
        assert "ulimit -n" in refused.value.remedy
        assert first.snapshot() is not None  # the one that is there goes on
        first.close()
        used[0] = 10
        RemoteRuntime.open(path, client="third").close()
    finally:
        server.close()
