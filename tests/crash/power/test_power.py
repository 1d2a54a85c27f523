"""A power cut at any moment: what was not synced is dropped or torn, and what was acknowledged is there all the same.

The program runs with a small library preloaded that writes down every change of a file; the journal is replayed on a
disk that promises nothing. That the test would notice is tested as well: with the syncs taken out it fails.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from airssys_tui.runtime.embedded import EmbeddedRuntime
from tests.crash.campaign import Account, Inconsistency, remains
from tests.crash.life import NAME, SETTINGS
from tests.crash.power.disk import Disk, Record, read_journal
from tests.crash.power.victim import WORDS
from tests.support.places import ROOT

SOURCE = Path(__file__).with_name("recorder.c")
SEED = 5

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the recorder is preloaded as Linux does it"),
    pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="the recorder is compiled by ziglang"),
    pytest.mark.timeout(180),
]


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the recorder."""
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-lpthread"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return library


@pytest.fixture(scope="module")
def life(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    """Give a recorded life: its directory, and what was done to its files."""
    directory = tmp_path_factory.mktemp("recorded") / "life"
    return directory, record(recorder, directory)


def record(recorder: Path, directory: Path, *careless: str) -> list[Record]:
    """Let the program live for a while, and return what it did to its files."""
    directory.mkdir()
    root = directory.resolve()
    environment = {
        **os.environ,
        "LD_PRELOAD": str(recorder),
        "RECORDER_ROOT": str(root) + "/",
        "RECORDER_LOG": str(directory.parent / "journal"),
    }
    command = [sys.executable, "-m", "tests.crash.power.victim", str(root), str(SEED), *careless]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120, capture_output=True)
    return read_journal(directory.parent / "journal")


def cuts(records: list[Record], directory: Path, moments: int, seed: int) -> Iterator[tuple[Disk, Account]]:
    """Yield the disk and what was acknowledged, at the end and at random moments of a recorded life."""
    rng = random.Random(seed)
    chosen = {len(records) - 1, *rng.sample(range(len(records)), min(moments, len(records)))}
    disk, account = Disk(), Account()
    words = str(directory.resolve() / WORDS)
    for number, each in enumerate(records):
        if each.path == words:
            for line in each.data.splitlines():
                account.hear(json.loads(line))
        elif each.path.startswith(str(directory.resolve() / "state")):
            disk.feed(each)
        if number in chosen:
            yield disk, account


def check(disk: Disk, account: Account, directory: Path, left: Path, rng: random.Random | None) -> None:
    """Cut the power and compare what is left with what was acknowledged.

    Raises:
        Inconsistency: If it is not one of the states that may be.
    """
    root = str(directory.resolve() / "state")
    disk.leave(left / "state", root, rng)
    found = remains(left, account.truth.disk)
    assert found is not None
    judge = Account()
    judge.truth, judge.stages, judge.doing = account.truth, account.stages, account.doing
    judge.recognise(found.truth)


def test_what_was_acknowledged_outlives_a_power_cut(life: tuple[Path, list[Record]], tmp_path: Path) -> None:
    directory, records = life
    rng, number = random.Random(SEED), 0
    for disk, account in cuts(records, directory, 60, SEED):
        for draws in (None, rng, rng):
            check(disk, account, directory, tmp_path / f"left-{number}", draws)
            number += 1
    assert number > 150


def test_the_program_goes_on_after_a_power_cut(life: tuple[Path, list[Record]], tmp_path: Path) -> None:
    directory, records = life
    rng = random.Random(SEED)
    for number, (disk, account) in enumerate(cuts(records, directory, 6, SEED + 1)):
        left = tmp_path / f"left-{number}"
        disk.leave(left / "state", str(directory.resolve() / "state"), rng)
        found = remains(left, account.truth.disk)
        assert found is not None
        settings = msgspec.structs.replace(SETTINGS, deploys=found.truth.version is None)
        runtime = EmbeddedRuntime.open(directory / "components", state_dir=left / "state", settings=settings)
        try:
            assert runtime.wait_settled(30)
            (row,) = runtime.snapshot().components
            if found.truth.version is not None:
                assert row.version == found.truth.version
            if row.desired == "running":
                assert runtime.invoke(NAME, "get").result(30) == found.truth.saved
        finally:
            runtime.close()


@pytest.mark.parametrize("careless", ["files", "catalog"])
def test_a_program_that_does_not_sync_is_found_out(recorder: Path, tmp_path: Path, careless: str) -> None:
    directory = tmp_path / "life"
    records = record(recorder, directory, careless)
    found_out = 0
    for number, (disk, account) in enumerate(cuts(records, directory, 20, SEED)):
        try:
            check(disk, account, directory, tmp_path / f"left-{number}", None)
        except Inconsistency:
            found_out += 1
    assert found_out > 0


def test_the_recorder_misses_nothing(life: tuple[Path, list[Record]], tmp_path: Path) -> None:
    """Replayed without a cut, the journal gives the files that are there."""
    directory, records = life
    disk = Disk()
    root = directory.resolve() / "state"
    for each in records:
        if each.path.startswith(str(root)):
            disk.feed(each)
    disk.sync_all()
    disk.leave(tmp_path / "left", str(root))
    kept = {path.relative_to(root) for path in root.rglob("*") if path.is_file() and not path.name.endswith("-shm")}
    replayed = {path.relative_to(tmp_path / "left") for path in (tmp_path / "left").rglob("*") if path.is_file()}
    assert kept == replayed
    for path in kept:
        assert (root / path).read_bytes() == (tmp_path / "left" / path).read_bytes(), path
