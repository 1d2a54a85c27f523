"""What loads what, found out in fresh interpreters: contracts on paper do not say what a library drags in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.store.paths import control_path
from tests.support.places import ROOT

HEAVY = ("wasmtime", "textual")

FEW = 66
"""Modules of ours that a list may load; each costs about a millisecond, and a script waits for all of them."""


def loaded(code: str, *names: str, env: dict[str, str] | None = None) -> set[str]:
    """Run code in a fresh interpreter and return which of the named modules it has loaded."""
    asked = f"json.dumps([name for name in {names!r} if name in sys.modules])"
    report = f"{code}\nimport json, sys\nsys.__stdout__.write('\\n' + {asked})"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, timeout=60, env=env
    )
    return set(json.loads(done.stdout.rsplit("\n", 1)[1]))


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded("import wasmtime", *HEAVY) == {"wasmtime"}


@pytest.mark.parametrize("package", ["core", "api", "host", "engine", "store", "runtime"])
def test_no_floor_below_the_screen_loads_it(package: str) -> None:
    everything = (
        "import importlib, pkgutil\n"
        f"import airssys_tui.{package} as p\n"
        "for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.'):\n"
        "    if not m.name.endswith('compile_child'): importlib.import_module(m.name)"
    )
    assert not loaded(everything, "textual", "rich")


@pytest.mark.parametrize("package", ["core", "api", "store"])
def test_pure_floors_and_the_store_do_not_load_the_engine(package: str) -> None:
    everything = (
        "import importlib, pkgutil\n"
        f"import airssys_tui.{package} as p\n"
        "for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.'): importlib.import_module(m.name)"
    )
    assert not loaded(everything, "wasmtime")


def test_the_screen_loads_neither_the_engine_nor_the_store() -> None:
    assert not loaded("import airssys_tui.tui.app", "wasmtime", "sqlite3", "airssys_tui.runtime")


def test_a_runtime_that_takes_no_requests_loads_no_web_server(tmp_path: Path) -> None:
    opening = f"""
from pathlib import Path
from airssys_tui.runtime.embedded import EmbeddedRuntime
EmbeddedRuntime.open(Path({str(tmp_path)!r}), state_dir=Path({str(tmp_path)!r}) / "state").close()
"""
    assert loaded(opening, "wasmtime", "uvicorn", "httptools") == {"wasmtime"}


def test_a_runtime_that_records_no_calls_loads_nothing_for_that(tmp_path: Path) -> None:
    calling = f"""
from pathlib import Path
from tests.support.components import Crafted
from tests.support.world import World
world = World(Path({str(tmp_path)!r}))
world.open()
world.install("crafted", Crafted())
assert world.call("crafted", "add", 1) == 1
world.runtime.describe("crafted").result(60)
world.close()
"""
    assert loaded(calling, "wasmtime", "airssys_tui.host.recording") == {"wasmtime"}


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    assert not loaded("import airssys_tui.cli.main", *HEAVY, "rich", "sqlite3", "asyncio", "watchfiles")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "--json"],
        ["versions", "counter"],
        ["describe", "counter"],
        ["config", "show"],
        ["config", "path", "--json"],
        ["doctor"],
        ["events", "counter"],
        ["explain", "counter"],
        ["diff", "counter", "1"],
        ["states", "counter"],
        ["stats", "--json"],
        ["top", "--once"],
        ["grants", "counter"],
        ["audit", "verify"],
        ["tighten", "counter"],
        ["completion", "bash"],
        ["__complete", "describe", ""],
        ["rollback", "--help"],
        ["frobnicate"],
    ],
    ids=" ".join,
)
def test_commands_that_only_read_load_neither_the_engine_nor_the_screen(
    words: list[str], recorded_folder: dict[str, str]
) -> None:
    assert not loaded(f"from airssys_tui.cli.main import main; main({words!r})", *HEAVY, env=recorded_folder)


@pytest.mark.parametrize(
    "words", [["list"], ["versions", "counter"], ["stop", "counter"], ["describe", "counter"]], ids=" ".join
)
def test_commands_that_ask_what_runs_are_light(words: list[str], recorded_folder: dict[str, str]) -> None:
    state_dir = Path(recorded_folder["AIRSSYS_TUI_STATE_DIR"])
    folder = str(Path(recorded_folder["AIRSSYS_TUI_FOLDER"]).resolve())
    server = ControlServer(scenes.mixed(scenes.still), control_path(state_dir), folder=folder)
    try:
        run = f"from airssys_tui.cli.main import main; assert main({words!r}) == 0"
        assert not loaded(run, *HEAVY, "asyncio", "sqlite3", "airssys_tui.runtime", env=recorded_folder)
    finally:
        server.close()


def test_a_list_loads_what_it_shows_and_no_more(recorded_folder: dict[str, str]) -> None:
    unneeded = ("asyncio", "rich", "filelock", "semver", "airssys_tui.core.manifest.document", "airssys_tui.runtime")
    assert not loaded("from airssys_tui.cli.main import main; main(['list'])", *unneeded, env=recorded_folder)


def test_a_list_loads_few_modules_of_ours(recorded_folder: dict[str, str]) -> None:
    code = (
        "import sys; from airssys_tui.cli.main import main; main(['list'])\n"
        "ours = [name for name in sys.modules if name.startswith('airssys_tui.')]\n"
        f"sys.stderr.write(' '.join(ours)); sys.exit(len(ours) > {FEW})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60, env=recorded_folder
    )
    assert "airssys_tui.store.catalog.catalog" in done.stderr, "it was answered from the catalog"
    assert done.returncode == 0, done.stderr


def test_the_version_is_told_without_the_parser() -> None:
    run = "from airssys_tui.cli.main import main; assert main(['--version']) == 0"
    assert not loaded(run, "cyclopts", "msgspec", "rich")


def test_the_screen_is_opened_without_loading_other_commands() -> None:
    run = "from airssys_tui.cli.application import build; build(['components/'])"
    assert loaded(
        run, "airssys_tui.cli.commands.screen", "airssys_tui.cli.commands.list", "airssys_tui.cli.commands.wit"
    ) == {"airssys_tui.cli.commands.screen"}


def test_every_module_has_a_docstring_and_a_bounded_length() -> None:
    root = ROOT / "airssys_tui"
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.lstrip().startswith(('"""', 'r"""')), f"{path} does not say why it exists"
        assert text.count("\n") <= 500, f"{path} has more than 500 lines"


def test_a_thread_can_load_the_runtime() -> None:
    run = (
        "import threading, sys\n"
        "def load():\n"
        "    import airssys_tui.runtime.embedded\n"
        "thread = threading.Thread(target=load); thread.start(); thread.join()"
    )
    assert loaded(run, "airssys_tui.runtime.embedded"), "the screen loads the engine in a thread, after its first paint"
