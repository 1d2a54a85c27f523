"""``storage``: written out, wiped and taken in again it is the same; what was changed on the way is refused."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from airssys_tui.core.keyvalue import DeleteKey, Operation, SetKey, WriteTerms
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.store.directory import STORAGE_FILE, StateDirectory
from airssys_tui.store.keyvalues.namespace import Namespace
from tests.support.command_line import Desk
from tests.support.places import FIXTURES

DOOR = "fixture:services/storage-door@1.0.0#"


def open_runtime(desk: Desk) -> EmbeddedRuntime:
    runtime = EmbeddedRuntime.open(desk.folder, state_dir=desk.state_dir, settings=RuntimeSettings(watch=False))
    assert runtime.wait_settled(30)
    return runtime


@pytest.fixture
def keeper(desk: Desk) -> Desk:
    """A folder with a component that stores three keys."""
    target = desk.folder / "keeper"
    target.mkdir()
    shutil.copy(FIXTURES / "services" / "services.wasm", target / "keeper.wasm")
    manifest = '[package]\nname = "keeper"\n[component]\nwasm = "keeper.wasm"\n[capabilities]\nstorage = "read-write"\n'
    (target / "Component.toml").write_text(manifest + '[resources]\nstorage = "1KiB"\n')
    open_runtime(desk).close()
    store(desk, DeleteKey("ended"), SetKey("b", b"\0\xff"), SetKey("a/ä", 'te"xt\n\u2028'), SetKey("empty", ""))
    return desk


def store(desk: Desk, *operations: Operation) -> None:
    with StateDirectory.open(desk.state_dir, folder=desk.folder) as state:
        Namespace(state.storage, "keeper").apply(operations, WriteTerms(10_000))


def test_export_wipe_and_import_is_the_same(keeper: Desk, tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    answer = keeper.run("storage", "export", "keeper", first)
    assert answer.code == 0, answer
    assert answer.out == f"storage of keeper written to {first}: {first.stat().st_size}B\n"
    before = keeper.run("storage", "usage", "--json").json
    assert before == [{"component": "keeper", "bytes": 21, "limit": 1024, "keys": 3}]
    (keeper.state_dir / STORAGE_FILE).unlink()
    assert keeper.run("storage", "usage", "--json").json == []
    assert keeper.run("storage", "usage", "keeper", "--json").json[0]["keys"] == 0
    answer = keeper.run("storage", "import", "keeper", first)
    assert (answer.code, answer.out) == (0, "3 keys imported into keeper: 21B\n")
    assert keeper.run("storage", "usage", "--json").json == before
    assert keeper.run("storage", "export", "keeper", second).code == 0
    assert keeper.run("storage", "export", "keeper", second).code == 2
    assert keeper.run("storage", "export", "keeper", second, "--force").code == 0
    assert second.read_bytes() == first.read_bytes()
    with closing(open_runtime(keeper)) as runtime:
        answer = runtime.invoke("keeper", DOOR + "get", "b").result(30)
    assert answer.value.value.payload == b"\0\xff"


def test_a_table_says_how_much_of_the_limit_is_used(keeper: Desk) -> None:
    answer = keeper.run("storage", "usage")
    assert answer.out.split() == ["NAME", "STORED", "LIMIT", "USED", "KEYS", "keeper", "21B", "1.0K", "2", "%", "3"]
    (keeper.state_dir / STORAGE_FILE).unlink()
    assert keeper.run("storage", "usage").err == "no component stores anything\n"


def test_what_is_stored_is_replaced_only_when_that_is_said(keeper: Desk, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    keeper.run("storage", "export", "keeper", file, "--force")
    answer = keeper.run("storage", "import", "keeper", file)
    assert answer.code == 2
    assert "already stores 3 keys" in answer.err
    store(keeper, SetKey("more", "1"))
    assert keeper.run("storage", "import", "keeper", file, "--replace").code == 0
    assert keeper.run("storage", "usage", "--json").json[0]["keys"] == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "the end of the export"),
        (lambda lines: [lines[0], *lines[2:]], "count or hash differ"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "count or hash differ"),
        (lambda lines: [lines[0], lines[1].replace(b"te\\", b"TE\\"), *lines[2:]], "count or hash differ"),
        (lambda lines: [lines[0].replace(b"/1", b"/9"), *lines[1:]], "the format is 'airssys-storage/9'"),
        (lambda lines: [b"{}\n", *lines[1:]], "line 1 of the export: not an export of a storage"),
        (lambda lines: [lines[0], b'{"key":"x"}\n', *lines[1:]], "line 2 of the export: an entry needs either"),
        (lambda lines: [lines[0], b'{"key":"","text":""}\n', *lines[1:]], "at least one byte"),
        (lambda lines: [lines[0], b'{"key":"x","base64":"?"}\n', *lines[1:]], "line 2 of the export"),
        (lambda lines: [lines[0], b"\xff\n", *lines[1:]], "line 2 of the export: not an entry"),
        (lambda _lines: [], "it is empty"),
    ],
)
def test_what_is_not_as_it_was_written_is_refused_and_nothing_is_changed(
    keeper: Desk, tmp_path: Path, change, said: str
) -> None:
    file = tmp_path / "out.jsonl"
    keeper.run("storage", "export", "keeper", file, "--force")
    before = file.read_bytes()
    file.write_bytes(b"".join(change(before.splitlines(keepends=True))))
    answer = keeper.run("storage", "import", "keeper", file, "--replace")
    assert answer.code == 2
    assert said in answer.err
    assert keeper.run("storage", "export", "keeper", file, "--force").code == 0
    assert file.read_bytes() == before


def test_an_import_stays_within_the_limit(keeper: Desk, tmp_path: Path) -> None:
    store(keeper, SetKey("large", "x" * 2_000))
    file = tmp_path / "out.jsonl"
    keeper.run("storage", "export", "keeper", file, "--force")
    answer = keeper.run("storage", "import", "keeper", file, "--replace")
    assert answer.code == 2
    assert "the limit of 1024" in answer.err


def test_who_runs_the_folder_is_read_beside_and_not_written_over(keeper: Desk, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    with closing(open_runtime(keeper)) as runtime:
        runtime.invoke("keeper", DOOR + "delete", "b").result(30)
        assert keeper.run("storage", "export", "keeper", file, "--force").code == 0
        assert len(file.read_bytes().splitlines()) == 4
        answer = keeper.run("storage", "import", "keeper", file, "--replace")
    assert answer.code == 1
    assert "in use" in answer.err


def test_a_component_that_nobody_knows(keeper: Desk, tmp_path: Path) -> None:
    for words in (("usage", "other"), ("export", "other", tmp_path / "x"), ("import", "other", tmp_path / "x")):
        answer = keeper.run("storage", *words)
        assert answer.code == 1
        assert "recorded: keeper" in answer.err
