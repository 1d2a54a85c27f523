"""What ``check`` says is what the gates of a running system say."""

from __future__ import annotations

import shutil
from pathlib import Path

from airssys_tui.core.gates import Gate
from airssys_tui.runtime.standalone.check import inspect_path
from tests.support.engine.guests import binary
from tests.support.places import FIXTURES, SAMPLES
from tests.support.wasi.passing_guest import passing_guest


def test_a_limit_that_the_binary_cannot_live_in_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "primes"
    directory.mkdir()
    shutil.copy(SAMPLES / "primes" / "primes.wasm", directory)
    manifest = (SAMPLES / "primes" / "Component.toml").read_text()
    for memory, admissible in (("4MiB", True), ("64KiB", False)):
        (directory / "Component.toml").write_text(manifest.replace("4MiB", memory))
        report = inspect_path(directory)
        assert report.admissible is admissible
    assert (report.gate, report.remedy) == (Gate.INSTANTIATE, "raise `memory` under [resources]")
    assert "1048576" in report.reason


def test_routes_of_what_answers_no_requests_are_refused(tmp_path: Path) -> None:
    directory = tmp_path / "primes"
    directory.mkdir()
    shutil.copy(SAMPLES / "primes" / "primes.wasm", directory)
    manifest = (SAMPLES / "primes" / "Component.toml").read_text()
    (directory / "Component.toml").write_text(f'{manifest}\n[http]\nroutes = ["/*"]\n')
    report = inspect_path(directory)
    assert (report.gate, report.reason) == (
        Gate.TYPES,
        "it has routes under [http] and does not export wasi:http/incoming-handler",
    )


def test_one_that_may_wait_is_not_entered() -> None:
    report = inspect_path(FIXTURES / "sleeper" / "sleeper.wasm")
    assert report.admissible, report.reason


def test_a_storage_that_is_imported_and_not_declared_is_noted(tmp_path: Path) -> None:
    (tmp_path / "keeper.wasm").write_bytes(passing_guest("keyvalue/store@0.2.0-draft"))
    manifest = tmp_path / "Component.toml"
    manifest.write_text('[package]\nname = "keeper"\n[component]\nwasm = "keeper.wasm"\n')
    report = inspect_path(tmp_path)
    assert report.admissible, report.reason
    line = 'the manifest does not declare storage = "read-write" under [capabilities]'
    assert report.notes == (f"wasi:keyvalue/store is denied at each call: {line}",)
    manifest.write_text(manifest.read_text() + '[capabilities]\nstorage = "read"\n')
    assert inspect_path(tmp_path).notes == ()


def test_an_export_that_nothing_calls_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "keeper.wasm"
    path.write_bytes(
        binary("""(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $w (export "on-set" (func $f)))
        (export "wasi:keyvalue/watcher@0.2.0-draft" (instance $w)))""")
    )
    said = "nothing calls wasi:keyvalue/watcher@0.2.0-draft: nobody else changes the storage of a component"
    assert inspect_path(path).notes == (said,)


def test_a_component_that_stores_nothing_has_no_notes() -> None:
    assert inspect_path(SAMPLES / "primes").notes == ()
    assert inspect_path(SAMPLES / "ledger").notes == ()
