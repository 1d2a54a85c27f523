"""``pin``, ``note``, ``mark-stable``, ``release``, ``undo``, ``states``, ``explain``, ``diff`` and ``gc``."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Desk
from tests.support.places import RELEASES


@pytest.fixture
def used(desk: Desk) -> Desk:
    """A desk on which the counter was raised to 41 and updated, and on which nothing runs any more."""
    desk.install("counter")
    assert desk.run("call", "--live", "counter", "increment", "41").code == 0
    desk.install("counter", RELEASES / "1.1.0")
    assert desk.run("call", "--live", "counter", "get").code == 0
    return desk


@pytest.fixture
def running(used: Desk) -> Iterator[Desk]:
    with used.spawn("run", str(used.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any('"action":"ready"' in line for line in process.stdout)
            yield used
        finally:
            process.kill()


@pytest.fixture(params=["running", "used"], ids=["beside-a-runtime", "alone"])
def either(request: pytest.FixtureRequest) -> Desk:
    """The same desk with a runtime on it, and without one."""
    desk: Desk = request.getfixturevalue(request.param)
    return desk


def revision(desk: Desk, number: int) -> dict[str, Any]:
    (found,) = [row for row in desk.run("versions", "counter", "--json").json if row["number"] == number]
    return found


def count(desk: Desk) -> int:
    return int(desk.run("call", "--live", "counter", "get").out)


def test_a_revision_is_pinned_noted_and_marked_and_let_go(either: Desk) -> None:
    assert "pinned" in either.run("pin", "counter", "1").out
    assert revision(either, 1)["pinned"] is True
    assert either.run("pin", "counter", "1").code == 1, "it is pinned already"
    assert either.run("pin", "counter", "1", "--remove").code == 0
    assert revision(either, 1)["pinned"] is False
    assert either.run("note", "counter", "1", "the \x1b[2Jone before").code == 0
    assert "one before" in revision(either, 1)["note"]
    assert "\x1b" not in either.run("versions", "counter").out
    assert either.run("note", "counter", "1", "").code == 0
    assert revision(either, 1)["note"] == ""
    before = revision(either, 1)["stable"]
    flag = ["--remove"] if before else []
    assert either.run("mark-stable", "counter", "1", *flag).code == 0
    assert revision(either, 1)["stable"] is not before


def test_what_was_done_last_is_undone(either: Desk) -> None:
    assert either.run("pin", "counter", "1", "--json").code == 0
    answer = either.run("undo")
    assert answer.code == 0, answer
    assert "pin" in answer.out
    assert revision(either, 1)["pinned"] is False


def test_what_is_not_in_quarantine_is_not_released(either: Desk) -> None:
    answer = either.run("release", "counter", "1")
    assert answer.code == 1
    assert "quarantine" in answer.err


@pytest.mark.parametrize("words", [["pin"], ["note"], ["mark-stable"], ["release"]], ids=lambda words: words[0])
def test_a_revision_that_is_not_there_is_said(used: Desk, words: list[str]) -> None:
    tail = ["text"] if words == ["note"] else []
    answer = used.run(*words, "counter", "77", *tail)
    assert answer.code in {1, 2}
    assert "77" in answer.err
    assert used.run(*words, "nope", "1", *tail).code == 1


def test_states_are_listed_exported_imported_and_restored(either: Desk, tmp_path: Path) -> None:
    kept = either.run("states", "counter", "--json").json
    assert kept
    assert kept[0]["schema"]
    assert str(kept[0]["id"]) in either.run("states", "counter").out
    file = tmp_path / "counter.json"
    assert either.run("states", "export", "counter", file).code == 0
    again = either.run("states", "export", "counter", file)
    assert again.code == 2
    assert "already exists" in again.err
    assert either.run("states", "export", "counter", file, "--force").code == 0
    exported = json.loads(file.read_text())
    assert exported["digest"] == kept[0]["digest"]
    assert b"count=41" in base64.b64decode(exported["data"])
    assert either.run("states", "export", "counter", "-", "--snapshot", kept[-1]["id"]).json["format"] == 1
    assert [path.name for path in tmp_path.iterdir() if "counter.json" in path.name] == ["counter.json"], (
        "nothing aside"
    )
    assert either.run("call", "--live", "counter", "increment", "1").code == 0
    assert count(either) == 42
    imported = either.run("states", "import", "counter", file)
    assert imported.code == 0, imported
    (newest,) = [view for view in either.run("states", "counter", "--json").json if view["cause"] == "import"]
    assert count(either) == 42, "importing loads nothing"
    restored = either.run("states", "restore", "counter", newest["id"])
    assert restored.code == 0, restored
    assert count(either) == 41
    assert either.run("versions", "counter", "--json").json[0]["cause"] == "restore"


def test_a_state_is_saved_of_what_runs(running: Desk) -> None:
    before = len(running.run("states", "counter", "--json").json)
    assert running.run("states", "save", "counter").code == 0
    after = running.run("states", "counter", "--json").json
    assert len(after) == before + 1
    assert after[0]["cause"] == "operator"


def test_an_export_that_was_changed_is_not_taken_in(
    used: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "counter.json"
    assert used.run("states", "export", "counter", file).code == 0
    exported = json.loads(file.read_text())
    exported["data"] = base64.b64encode(b"count=999;").decode()
    file.write_text(json.dumps(exported))
    kept = used.run("states", "counter", "--json").json
    refused = used.run("states", "import", "counter", file)
    assert refused.code == 2
    assert "digest" in refused.err
    for content in (b"", b"{}", b"\xff\xfe", b"[1]", file.read_bytes()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert used.run("states", "import", "counter", "-").code == 2
    assert used.run("states", "import", "counter", tmp_path / "nothing").code == 1
    assert used.run("states", "counter", "--json").json == kept
    assert used.run("states", "export", "counter", "-", "--snapshot", "9999").code == 2


def test_an_export_that_cannot_be_written_leaves_what_was_there(used: Desk, tmp_path: Path) -> None:
    answer = used.run("states", "export", "counter", tmp_path / "no" / "such" / "file")
    assert answer.code == 2
    assert f"there is no folder {tmp_path / 'no' / 'such'}" in answer.err
    assert "create it first" in answer.err
    assert not (tmp_path / "no").exists()


def test_the_last_change_is_told_and_revisions_are_compared(either: Desk) -> None:
    story = either.run("explain", "counter")
    assert story.code == 0
    assert "r2 (1.1.0)" in story.out
    assert max(map(len, story.out.splitlines())) <= 100
    assert either.run("explain", "counter", "--json").json["sentences"]
    text = either.run("diff", "counter", "1").out
    assert "from r1 1.0.0" in text
    assert "to r2 1.1.0" in text
    assert "exports" in text
    both = either.run("diff", "counter", "1", "2", "--json").json
    assert (both["now"]["number"], both["then"]["number"]) == (1, 2)
    for old, new in (("r1", "r2"), ("1.0.0", "1.1.0"), ("previous", "active"), ("R1", "v1.1.0")):
        assert either.run("diff", "counter", old, new, "--json").json == both, (old, new)
    answer = either.run("diff", "counter", "9.9.9")
    assert answer.code == 2
    assert "counter has no revision of version 9.9.9" in answer.err
    assert "airssys-tui versions counter" in answer.err
    for command in ("explain", "diff"):
        assert either.run(command, "nope", *(["1"] if command == "diff" else [])).code == 1


def test_collecting_says_what_it_would_take_and_takes_it(either: Desk) -> None:
    dry = either.run("gc", "--dry-run", "--json").json
    assert dry["dry"] is True
    done = either.run("gc")
    assert done.code == 0, done
    assert "deleted" in done.out
    assert count(either) == 41, "never what is active"


def test_a_configuration_that_allows_no_changes_is_heeded_everywhere(used: Desk, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    assert used.run("states", "export", "counter", file).code == 0
    (used.folder.parent / "config.toml").write_text("readonly = true\n")
    changing = [
        ["start", "counter"], ["stop", "counter"], ["restart", "counter"], ["reload", "counter"],
        ["rollback", "counter"], ["pin", "counter", "1"], ["note", "counter", "1", "x"],
        ["mark-stable", "counter", "1"], ["release", "counter", "1"], ["undo"], ["states", "save", "counter"],
        ["states", "import", "counter", file], ["states", "restore", "counter", "1"], ["gc"],
        ["call", "--live", "counter", "get"],
    ]  # fmt: skip
    for words in changing:
        answer = used.run(*words, "--json")
        assert answer.code == 1, words
        assert answer.json["error"]["kind"] == "ReadOnlyAccess", words
    for words in (["list"], ["describe", "counter"], ["explain", "counter"], ["states", "counter"], ["events"]):
        assert used.run(*words).code == 0, words
    assert used.run("gc", "--dry-run").code == 0
