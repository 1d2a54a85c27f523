"""``list``, ``describe``, ``versions`` and the commands that change something, on a folder of real components."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.core.gates import Gate
from airssys_tui.store.directory import StateDirectory
from tests.support.command_line import Desk, eventually
from tests.support.places import RELEASES

KEYS = {"id", "state", "health", "version", "revision", "digest"}


def opened(desk: Desk, *samples: str) -> Desk:
    """Install samples and let the runtime see them once."""
    for sample in samples:
        desk.install(sample)
    assert desk.run("call", "--live", samples[0], "get" if samples[0] == "counter" else "size").code == 0
    return desk


def release(desk: Desk, version: str) -> None:
    desk.install("counter", RELEASES / version)


def count(desk: Desk) -> int:
    answer = desk.run("call", "--live", "counter", "get")
    assert answer.code == 0, answer
    return int(answer.out)


def row(desk: Desk, name: str = "counter") -> dict[str, object]:
    (found,) = [row for row in desk.run("list", "--json").json if row["id"] == name]
    return found


def test_a_folder_that_was_never_opened_is_an_empty_list_and_a_hint(desk: Desk) -> None:
    answer = desk.run("list", "--json")
    assert (answer.code, answer.json) == (0, [])
    assert "nothing is recorded yet" in answer.err
    assert desk.run("describe", "counter").code == 1
    assert desk.run("versions", "counter", "--json").json["error"]["kind"] == "StateAbsent"


def test_list_shows_what_is_recorded(desk: Desk) -> None:
    opened(desk, "counter", "primes")
    (desk.folder / "noise.wasm").write_bytes(b"noise")
    rows = desk.run("list", "--json").json
    assert [row["id"] for row in rows] == ["counter", "primes"]
    assert all(row.keys() >= KEYS for row in rows)
    assert rows[0]["version"] == "1.0.0"
    assert rows[0]["revision"] == 1
    assert rows[0]["digest"].startswith("sha256:")
    assert rows[0]["state"] == "stopped", "no process runs it"
    assert rows[0]["desired"] == "running"
    text = desk.run("list").out.splitlines()
    assert re.match(r"NAME +STATE +HEALTH +VERSION +REV", text[0])
    assert re.match(r"counter +stopped +- +1\.0\.0 +r1 +67d22dfa +running +- +-", text[1])


def test_describe_says_what_a_component_is(desk: Desk) -> None:
    opened(desk, "counter")
    detail = desk.run("describe", "counter", "--json").json
    assert "increment: func(by: u64) -> u64" in detail["exports"]
    assert any("core-host/logging" in line for line in detail["imports"])
    assert detail["view"]["kind"] == "actor"
    assert detail["view"]["stateful"] is True
    assert detail["view"]["state_bytes"] == len("count=0;")
    assert [revision["number"] for revision in detail["revisions"]] == [1]
    text = desk.run("describe", "local/counter").out
    for word in ("counter", "Counts", "exports", "imports", "limits", "revisions"):
        assert word in text


@pytest.mark.parametrize("command", ["describe", "versions", "start", "stop", "restart", "reload", "rollback"])
def test_an_unknown_component_exits_1_and_names_the_known_ones(desk: Desk, command: str) -> None:
    opened(desk, "counter")
    answer = desk.run(command, "nope", "--json")
    assert answer.code == 1
    assert answer.json["error"]["kind"] == "UnknownComponent"
    assert "nope" in answer.json["error"]["message"]


def test_what_is_wanted_is_recorded_and_takes_effect_at_the_next_start(desk: Desk) -> None:
    opened(desk, "counter")
    answer = desk.run("stop", "counter")
    assert answer.code == 0
    assert "next" in answer.out
    assert row(desk)["desired"] == "stopped"
    refused = desk.run("call", "--live", "counter", "get", "--json")
    assert refused.code == 1
    assert refused.json["error"]["kind"] == "NotServing"
    assert desk.run("start", "counter", "--json").json["revision"] == 1
    assert count(desk) == 0


def test_the_count_goes_on_through_reload_rollback_and_hold(desk: Desk) -> None:
    opened(desk, "counter")
    assert desk.run("call", "--live", "counter", "increment", "41").out == "41\n"
    release(desk, "1.1.0")
    assert count(desk) == 41
    assert row(desk)["version"] == "1.1.0"
    rolled = desk.run("rollback", "counter", "--note", "wrong totals")
    assert rolled.code == 0, rolled
    assert row(desk)["version"] == "1.0.0"
    assert row(desk)["revision"] == 3
    assert row(desk)["held"] == ["1.1.0"]
    assert count(desk) == 41, "the hold survives a start, and so does the count"
    assert row(desk)["version"] == "1.0.0"
    newest, *_ = desk.run("versions", "counter", "--json").json
    assert (newest["cause"], newest["origin"], newest["note"]) == ("rollback", 1, "wrong totals")
    assert desk.run("reload", "counter").code == 0
    assert (row(desk)["version"], row(desk)["held"]) == ("1.1.0", [])
    release(desk, "1.4.0")
    assert count(desk) == 41
    assert row(desk)["version"] == "1.4.0"


def test_a_refused_release_leaves_the_old_one_and_says_where(desk: Desk) -> None:
    opened(desk, "counter")
    release(desk, "1.1.0")
    assert count(desk) == 0
    release(desk, "1.2.0")
    assert count(desk) == 0
    refused = row(desk)
    assert refused["version"] == "1.1.0"
    assert "probe" in refused["note"]["text"]
    release(desk, "1.3.0")
    assert count(desk) == 0
    assert row(desk)["version"] == "1.1.0"
    assert Gate.COMPATIBILITY in row(desk)["note"]["text"]
    outcomes = [(line["version"], line["outcome"]) for line in desk.run("versions", "counter", "--json").json]
    assert outcomes[:3] == [("1.3.0", "failed"), ("1.2.0", "failed"), ("1.1.0", "active")]
    assert desk.run("reload", "counter", "--force").code == 0
    assert row(desk)["version"] == "1.3.0", "forced, a breaking change is taken"


def test_a_rollback_to_a_number_and_with_a_fresh_state(desk: Desk) -> None:
    opened(desk, "counter")
    assert desk.run("call", "--live", "counter", "increment", "5").code == 0
    release(desk, "1.1.0")
    assert count(desk) == 5
    refused = desk.run("rollback", "counter", "--to", "77")
    assert refused.code == 1
    assert "r1, r2" in refused.err
    answer = desk.run("rollback", "counter", "--to", "1", "--state", "fresh", "--json")
    assert answer.code == 0, answer
    assert answer.json["revision"] == 3
    assert count(desk) == 0


def test_a_restart_keeps_the_state(desk: Desk) -> None:
    opened(desk, "counter")
    assert desk.run("call", "--live", "counter", "increment", "5").code == 0
    answer = desk.run("restart", "counter")
    assert answer.code == 0, answer
    assert count(desk) == 5


def test_while_another_owner_lives_reading_works_and_changing_says_who(desk: Desk) -> None:
    opened(desk, "counter")
    with StateDirectory.open(desk.state_dir, folder=desk.folder):
        assert desk.run("versions", "counter").code == 0
        for words in (["stop", "counter"], ["rollback", "counter"], ["call", "--live", "counter", "get"]):
            answer = desk.run(*words)
            assert answer.code == 1
            assert "pid" in answer.err
            assert answer.err.endswith("  → stop that process first, or use another --state-dir\n")
        second = desk.run("run", desk.folder, "--headless", "--for", "1s")
        assert second.code == 1
        assert second.err.endswith("  → stop that process first, or use another --state-dir\n")
    assert row(desk)["desired"] == "running"


def test_another_folders_state_is_not_touched(desk: Desk, tmp_path: Path) -> None:
    opened(desk, "counter")
    other = tmp_path / "other"
    other.mkdir()
    for command in ("stop", "restart"):
        answer = desk.run(command, "counter", "--folder", other, "--json")
        assert answer.code == 1
        assert answer.json["error"]["kind"] == "FolderMismatch"
        assert f"airssys-tui {other} --adopt" in answer.json["error"]["remedy"]


@pytest.mark.parametrize(
    ("spoil", "said", "remedy"),
    [
        (lambda state: state.chmod(0o755), "its mode is 0755", "(the next start of a runtime does that)"),
        (lambda state: (state / "catalog.db").chmod(0o644), "its mode is 0644", "chmod 600"),
        (lambda state: (state / "blobs").symlink_to("/"), "is a link", "remove the link"),
    ],
    ids=["directory", "catalog", "link"],
)
def test_doctor_warns_of_a_state_directory_that_is_not_private(
    desk: Desk, spoil: Callable[[Path], object], said: str, remedy: str
) -> None:
    with StateDirectory.open(desk.state_dir, folder=desk.folder):
        pass
    shutil.rmtree(desk.state_dir / "blobs")
    found = {row["name"]: row for row in desk.run("doctor", "--json").json}["privacy"]
    assert (found["ok"], found["value"]) == (True, "only this user has access")
    spoil(desk.state_dir)
    answer = desk.run("doctor", "--json")
    assert answer.code == 1
    found = {row["name"]: row for row in answer.json}["privacy"]
    assert not found["ok"]
    assert said in found["value"]
    assert remedy in found["remedy"]


def test_doctor_knows_the_state_directory(desk: Desk) -> None:
    opened(desk, "counter")
    answer = desk.run("doctor", "--json")
    assert answer.code == 0, answer
    found = {finding["name"]: finding["value"] for finding in answer.json}
    assert found["state directory"] == str(desk.state_dir)
    assert found["catalog"] == f"1 components of {desk.folder}"
    assert found["owner"] == "none"
    assert "catalog.db" in found["disk use"]
    assert found["log"].startswith(str(desk.state_dir / "logs" / "tui.log"))
    assert {"python", "platform", "wasmtime", "textual", "wasm-tools", "TERM", "NO_COLOR"} <= found.keys()


def test_doctor_fails_on_a_damaged_catalog(desk: Desk) -> None:
    desk.state_dir.mkdir()
    (desk.state_dir / "catalog.db").write_bytes(b"not a database" * 100)
    answer = desk.run("doctor")
    assert answer.code == 1
    assert "PROBLEM" in answer.out


@pytest.mark.parametrize(
    "words", [["list"], ["describe", "counter"], ["versions", "counter"]], ids=lambda words: words[0]
)
def test_nothing_is_told_of_a_folder_from_the_state_of_another(desk: Desk, tmp_path: Path, words: list[str]) -> None:
    opened(desk, "counter")
    other, gone = tmp_path / "other", tmp_path / "gone"
    other.mkdir()
    refused = desk.run(*words, "--folder", other, "--json")
    assert refused.code == 1, refused
    assert refused.json["error"]["kind"] == "FolderMismatch"
    assert f"airssys-tui {other} --adopt" in refused.err
    assert desk.run(*words, "--folder", gone).code == 2
    assert desk.run(*words, "--folder", desk.folder).code == 0


def test_a_state_directory_without_a_folder_is_its_own_folders(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(desk, "counter")
    monkeypatch.delenv("AIRSSYS_TUI_FOLDER")
    assert [row["id"] for row in desk.run("list", "--json").json] == ["counter"]


def test_while_an_owner_lives_only_what_it_told_of_is_running(desk: Desk) -> None:
    opened(desk, "counter", "wasi-hello")
    with StateDirectory.open(desk.state_dir, folder=desk.folder):
        assert row(desk)["state"] == "installed", "its owner has not started it"
        assert row(desk, "wasi-hello")["state"] == "installed", "a command runs only when it says so"


def test_what_a_living_owner_serves_is_running(desk: Desk) -> None:
    desk.install("counter")
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any('"switched"' in line for line in process.stdout)
            assert row(desk)["state"] == "running"
        finally:
            process.kill()


def test_doctor_survives_a_configuration_that_cannot_be_read(desk: Desk) -> None:
    (desk.folder.parent / "config.toml").write_text("readonly = perhaps\n")
    assert desk.run("list").code == 2
    answer = desk.run("doctor", "--json")
    assert answer.code == 1, answer
    found = {finding["name"]: finding for finding in answer.json}
    assert found["configuration"]["ok"] is False
    assert "config.toml" in found["configuration"]["value"]
    assert found["state directory"]["value"] == str(desk.state_dir), "and goes on"


def test_doctor_tells_of_what_runs(desk: Desk) -> None:
    desk.install("counter")
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any('"ready"' in line for line in process.stdout)
            answer = desk.run("doctor", "--json")
        finally:
            process.kill()
    assert answer.code == 0, answer
    found = {finding["name"]: finding["value"] for finding in answer.json}
    assert f"pid {process.pid} serves" in found["control socket"]
    assert found["runtime"].startswith("running, ")
    assert "compiled code" in found["kept"]


def test_what_is_refused_at_the_manifest_is_listed_while_a_runtime_is_there(desk: Desk) -> None:
    desk.install("counter")
    broken = desk.folder / "broken"
    broken.mkdir()
    (broken / "Component.toml").write_text('[package]\nname = "Broken\x1b[2J"\n')
    (broken / "broken.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    shutil.copytree(desk.folder / "counter", desk.folder / "twin")
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any('"ready"' in line for line in process.stdout)
            eventually(lambda: "\nbroken " in desk.run("list").out)
            answer = desk.run("list")
            assert answer.code == 0, answer
            assert "manifest" in answer.out
            assert "skipped: " in answer.err
            assert "twin" in answer.err
            assert "\x1b" not in answer.out + answer.err
        finally:
            process.kill()
