"""A component is described alike by the runtime that runs it and by the record of it: field by field, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from airssys_tui.cli.reaching import reach
from airssys_tui.cli.reaching.embedding import open_runtime
from airssys_tui.cli.reaching.site import locate
from airssys_tui.runtime.embedded import EmbeddedRuntime
from tests.support.command_line import Desk, eventually
from tests.support.components import Crafted
from tests.support.places import RELEASES, SAMPLES

LIVE_ONLY = {
    "health",
    "recovery",
    "candidate",
    "restarts",
    "tier",
    "links",
    "started_at",
    "probation_until",
    "meters",
    "custom_series",
    "history",
    "generation",
}
"""What only a running runtime knows of a row."""

LIVE_ONLY_DETAIL = {"described", "host_use", "messages", "recent"}
"""What only a running runtime knows besides."""

LIVE_ONLY_REVISION = {"fuel_per_call", "calls"}
"""What only a running runtime measured of a revision."""

LIVE_ONLY_COLUMNS = {"HEALTH", "FUEL/S", "MEMORY"}

COMMANDS = {"wasi-hello", "word-count"}
"""Their notes tell how the last run ended, which only the process that ran it knows; a restart forgets it."""

SAMPLE_NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Component.toml"))

STRICT = """[health]
interval = "200ms"
[deployment]
traps = 0
stable_after = 1
[supervision]
backoff = {initial = "1ms", factor = 1.0, jitter = 0.0}
"""

DECLARING = """[capabilities]
storage = "read"
rationale = "it counts"
network = ["connect:example.org:443", "connect:example.com:443"]
[resources]
replicas = 2
fuel_per_call = "unlimited"
[config]
greeting = "hello"
"""


@pytest.fixture
def runtimes() -> Iterator[list[EmbeddedRuntime]]:
    """The runtimes that are open; closed at the end."""
    opened: list[EmbeddedRuntime] = []
    yield opened
    for runtime in opened:
        runtime.close()


@pytest.fixture
def eventful(desk: Desk, runtimes: list[EmbeddedRuntime]) -> Desk:
    """A folder with every sample and a past: rolled back and held, stopped, refused, quarantined, never accepted."""
    for name in SAMPLE_NAMES:
        desk.install(name)
    _craft(desk, "shaky", "1.0.0", Crafted(salt="1").wasm())
    _craft(desk, "never", "1.0.0", Crafted(init="error").wasm())
    _craft(
        desk, "declaring", "1.0.0", Crafted(salt="f").wasm(), "[capabilities]\nstorage = 'read'\nrationale = 'why'\n"
    )
    runtimes.append(_open(desk))
    desk.install("counter", RELEASES / "1.1.0")
    assert desk.run("reload", "counter").code == 0
    tried = desk.run("rollback", "counter", "--dry-run")
    assert (tried.code, "it would become r3; nothing was changed" in tried.out) == (0, True), tried
    assert "state keep:" in tried.out
    assert desk.run("rollback", "counter", "--dry-run", "--json").json["becomes"] == 3
    assert desk.run("rollback", "counter", "--note", "wrong totals").code == 0
    assert desk.run("stop", "greeter").code == 0
    (desk.folder / "primes" / "primes.wasm").write_bytes(b"no component")
    assert desk.run("reload", "primes").code == 1
    assert desk.run("call", "--live", "shaky", "get").code == 0
    _craft(desk, "shaky", "2.0.0", Crafted(salt="2", health="trap", sick_after=1).wasm())
    assert desk.run("reload", "shaky").code == 0
    eventually(lambda: (_rows(desk)["shaky"]["revision"], _rows(desk)["shaky"]["state"]) == (3, "running"))
    return desk


def _craft(desk: Desk, name: str, version: str, wasm: bytes, more: str = "") -> None:
    directory = desk.folder / name
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.wasm").write_bytes(wasm)
    said = f'[package]\nname = "{name}"\nversion = "{version}"\n[component]\nwasm = "{name}.wasm"\n'
    (directory / "Component.toml").write_text(said + STRICT + more)


def _open(desk: Desk) -> EmbeddedRuntime:
    runtime = open_runtime(locate(desk.folder, desk.state_dir), watch=False)
    assert runtime.wait_settled(60)
    return runtime


def _rows(desk: Desk) -> dict[str, Any]:
    answer = desk.run("list", "--json")
    assert answer.code == 0, answer
    return {row["id"]: row for row in answer.json}


def _without_a_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer from the catalog although a runtime is there: both are asked at the same moment."""
    monkeypatch.setattr(reach, "connect", lambda *_, **__: None)


def _compare(live: dict[str, Any], recorded: dict[str, Any], live_only: set[str], where: str) -> None:
    assert live.keys() == recorded.keys()
    for key, value in live.items():
        if key in live_only:
            found = recorded[key]
            assert found is None or set(found.values()) == {None}, f"{where}: {key} is {found!r}, not null"
        else:
            assert recorded[key] == value or (key == "note" and where in COMMANDS), f"{where}: {key}"


def test_the_past_has_what_the_comparison_is_about(eventful: Desk) -> None:
    rows = _rows(eventful)
    assert set(rows) == {*SAMPLE_NAMES, "shaky", "never", "declaring"}
    notes = {name: row["note"]["text"] for name, row in rows.items() if row["note"]["text"]}
    assert notes["counter"] == "held: 1.1.0 on disk"
    assert notes["greeter"] == "stopped by operator"
    assert notes["primes"].startswith("1.0.0 refused at magic: ")
    assert notes["never"].startswith("1.0.0 refused at init: ")
    assert notes["shaky"].startswith("r2 quarantined: 1 trap in ")
    assert notes["shaky"].endswith(" · back on r1")
    assert notes["wasi-hello"]


def test_list_answers_the_same_from_the_record(eventful: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    live = _rows(eventful)
    _without_a_runtime(monkeypatch)
    eventually(lambda: {name: row["state"] for name, row in _rows(eventful).items()} == _states(live))
    recorded = _rows(eventful)
    assert live.keys() == recorded.keys()
    for name, row in live.items():
        _compare(row, recorded[name], LIVE_ONLY, name)


def _states(rows: dict[str, Any]) -> dict[str, str]:
    return {name: row["state"] for name, row in rows.items()}


def test_describe_answers_the_same_from_the_record(eventful: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    live = {name: _described(eventful, name) for name in _rows(eventful)}
    _without_a_runtime(monkeypatch)
    for name, (document, text) in live.items():
        eventually(lambda: _described(eventful, name)[0]["view"]["state"] == document["view"]["state"])  # noqa: B023
        recorded, recorded_text = _described(eventful, name)
        _compare(document.pop("view"), recorded.pop("view"), LIVE_ONLY, name)
        for one, other in zip(document.pop("revisions"), recorded.pop("revisions"), strict=True):
            _compare(one, other, LIVE_ONLY_REVISION, f"{name} r{one['number']}")
        _compare(document, recorded, LIVE_ONLY_DETAIL, name)
        assert recorded_text == _masked(text) or name in COMMANDS, name
        assert recorded_text == _masked(recorded_text), name


def _described(desk: Desk, name: str) -> tuple[dict[str, Any], str]:
    document = desk.run("describe", name, "--json")
    assert document.code == 0, document
    return document.json, desk.run("describe", name).out


def _masked(text: str) -> str:
    """Return a description whose lines that only a running runtime knows say `-`."""
    text = re.sub(r"(?m)^((?:health|code) +)\S+$", r"\1-", text)
    return re.sub(r"(?m)^((?:says of itself|kept at the host|messages)\n)(?:  .*\n)+", r"\1  -\n", text)


def test_the_text_of_list_is_the_same_from_the_record(eventful: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    live = _table(eventful.run("list").out)
    _without_a_runtime(monkeypatch)
    states = {name: cells["STATE"] for name, cells in live.items()}
    eventually(lambda: {name: cells["STATE"] for name, cells in _table(eventful.run("list").out).items()} == states)
    for name, cells in _table(eventful.run("list").out).items():
        for column, cell in cells.items():
            expected = "-" if column in LIVE_ONLY_COLUMNS else live[name][column]
            assert cell == expected or (column == "NOTE" and name in COMMANDS), f"{name}: {column}"


def _table(text: str) -> dict[str, dict[str, str]]:
    heading, *lines = [re.split(r" {2,}", line) for line in text.splitlines()]
    return {line[0]: dict(zip(heading, [*line, ""], strict=False)) for line in lines}


def test_once_the_runtime_is_closed_the_record_says_what_the_next_start_says(
    eventful: Desk, runtimes: list[EmbeddedRuntime]
) -> None:
    runtimes.pop().close()
    runtimes.append(_open(eventful))
    live = _rows(eventful)
    runtimes.pop().close()
    recorded = _rows(eventful)
    for name, row in live.items():
        never_served = row["revision"] is None
        assert recorded[name]["state"] == (row["state"] if never_served else "stopped"), name
        saved_at_close = {"state", "state_saved_at"}
        for key in row.keys() - LIVE_ONLY - saved_at_close:
            assert recorded[name][key] == row[key], f"{name}: {key}"
