"""The audit: what was written is there, and whatever is changed in it is found by its number."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.capability.audit_entry import GENESIS, AuditEntry, AuditKind, Head, parse_head
from airssys_tui.core.errors import StoreError
from airssys_tui.store.audit.audit_lines import MAX_LINE, encode_line
from airssys_tui.store.audit.audit_log import AuditLog, repair_entries
from airssys_tui.store.audit.audit_reading import audit_files, audit_page, audit_tail, verify_audit
from tests.support.places import ROOT

ENTRIES = 14


def entry(number: int, **fields: object) -> AuditEntry:
    values = {"at": float(number), "kind": AuditKind.GRANTED, "component": "counter", "subject": "process:spawn:git"}
    return AuditEntry(**{**values, **fields})


def written(directory: Path, count: int = ENTRIES, max_file: int = 900) -> Head:
    """Write entries one by one, a few to a file."""
    log = AuditLog(directory, Head(), max_file=max_file)
    for number in range(1, count + 1):
        log.append([entry(number, text=f"reason {number}")])
    return log.head


@pytest.fixture(scope="module")
def places(whole: tuple[Path, Head]) -> list[tuple[Path, int, int]]:
    return list(owners(whole[0]))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Head]:
    directory = tmp_path_factory.mktemp("whole") / "audit"
    return directory, written(directory)


def copied(whole: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    for file in whole.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def owners(directory: Path) -> Iterator[tuple[Path, int, int]]:
    """Yield each byte of an audit: its file, its place, and the number of the entry that it belongs to."""
    number = 0
    for file in audit_files(directory):
        place = 0
        for line in Path(file.path).read_bytes().splitlines(keepends=True):
            number += 1
            for _ in line:
                yield Path(file.path), place, number
                place += 1


def test_what_was_written_is_whole_and_in_order(whole: tuple[Path, Head]) -> None:
    directory, head = whole
    assert verify_audit(directory, head).fault is None
    assert verify_audit(directory, head).head == head
    assert len(audit_files(directory)) > 3
    assert [each.n for each in audit_page(directory)] == list(range(1, ENTRIES + 1))
    assert [each.text for each in audit_page(directory, after=5, limit=2)] == ["reason 6", "reason 7"]
    assert [each.n for each in audit_tail(directory, limit=3).entries] == [14, 13, 12]
    assert audit_tail(directory, component="other").entries == ()
    assert [each.n for each in audit_tail(directory, before=12, limit=3).entries] == [11, 10, 9]
    assert audit_tail(directory, before=12, limit=3).since == 9
    assert audit_tail(directory, before=3).since == 1
    assert audit_tail(directory, before=1).entries == ()
    lines = b"".join(Path(file.path).read_bytes() for file in audit_files(directory)).splitlines()
    assert [json.loads(line)["n"] for line in lines] == list(range(1, ENTRIES + 1))
    assert json.loads(lines[0])["prev"] == GENESIS
    assert parse_head(head.text) == head


@given(chosen=st.integers(0), change=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_is_found_by_the_number_of_its_entry(
    chosen: int, change: int, whole: tuple[Path, Head], places: list[tuple[Path, int, int]]
) -> None:
    directory, head = whole
    file, place, number = places[chosen % len(places)]
    before = file.read_bytes()
    other = before[place] ^ change
    try:
        file.write_bytes(before[:place] + bytes([other]) + before[place + 1 :])
        fault = verify_audit(directory, head).fault
        assert fault is not None
        assert fault.entry == number
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize("number", [1, 2, 7, ENTRIES])
def test_a_removed_row_is_found(number: int, whole: tuple[Path, Head], tmp_path: Path) -> None:
    directory = copied(whole[0], tmp_path / "audit")
    rows = [(path, line) for path in sorted(directory.iterdir()) for line in path.read_bytes().splitlines(True)]
    path, gone = rows[number - 1]
    path.write_bytes(path.read_bytes().replace(gone, b""))
    fault = verify_audit(directory, whole[1]).fault
    assert fault is not None
    assert (fault.entry, "missing" in fault.what) == (number, True)


def test_a_cut_tail_a_missing_file_and_swapped_files_are_found(whole: tuple[Path, Head], tmp_path: Path) -> None:
    source, head = whole
    files = audit_files(source)
    cut = copied(source, tmp_path / "cut")
    (cut / Path(files[-1].path).name).unlink()
    missing = copied(source, tmp_path / "missing")
    (missing / Path(files[1].path).name).unlink()
    swapped = copied(source, tmp_path / "swapped")
    one, other = (swapped / Path(files[place].path).name for place in (1, 2))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    empty = tmp_path / "empty"
    found = [verify_audit(each, head).fault for each in (cut, missing, swapped, empty)]
    assert [fault.entry if fault else None for fault in found] == [files[-1].first, files[1].first, files[1].first, 1]


def test_a_rewritten_chain_differs_from_a_head_that_was_kept(whole: tuple[Path, Head], tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    log = AuditLog(directory, Head())
    forged = log.append([entry(number, text="forged") for number in range(1, ENTRIES + 1)])
    assert verify_audit(directory, forged).fault is None
    fault = verify_audit(directory, forged, elsewhere=whole[1]).fault
    assert fault is not None
    assert fault.entry == ENTRIES
    with pytest.raises(ValueError, match="COUNT:HASH"):
        parse_head("14:forged")


def test_another_owner_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    head = written(directory, 3)
    log = AuditLog(directory, head)
    assert repair_entries(log.found, 1.0) == []
    head = log.append([entry(4), entry(5)])
    assert head.count == 5
    assert verify_audit(directory, head).fault is None


def test_an_unfinished_entry_is_removed_and_said(tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    head = written(directory, 3, max_file=10_000)
    (file,) = audit_files(directory)
    line, _ = encode_line(entry(4, n=4, prev=head.hash))
    with Path(file.path).open("ab") as opened:
        opened.write(line[:50])
    assert verify_audit(directory, head).unfinished == 50
    log = AuditLog(directory, head)
    said = repair_entries(log.found, 9.0)
    assert [(each.kind, each.text) for each in said] == [
        (AuditKind.RECOVERED, "an unfinished entry of 50 bytes was removed")
    ]
    assert verify_audit(directory, log.append(said)).fault is None


def test_entries_that_took_no_effect_are_named(tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    head = written(directory, 3)
    AuditLog(directory, head).append([entry(4), entry(5, kind=AuditKind.DENIED)])
    assert verify_audit(directory, head).ahead == 2
    log = AuditLog(directory, head)
    (said,) = repair_entries(log.found, 9.0)
    assert said.kind is AuditKind.NOT_DONE
    assert said.text.endswith("took effect: 4")
    assert verify_audit(directory, log.append([said])).fault is None


@pytest.mark.parametrize("harm", ["cut", "counted-unfinished", "changed", "gone"])
def test_damage_is_kept_as_evidence_and_the_log_goes_on(harm: str, tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    head = written(directory, 5, max_file=10_000)
    path = Path(audit_files(directory)[0].path)
    data = path.read_bytes()
    rows = data.splitlines(keepends=True)
    left = {
        "cut": b"".join(rows[:3]),
        "counted-unfinished": data[:-20],
        "changed": data.replace(b"reason 3", b"reason 9"),
        "gone": None,
    }[harm]
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    log = AuditLog(directory, head)
    (said,) = repair_entries(log.found, 9.0)
    assert said.kind is AuditKind.DAMAGED
    after = log.append([said, entry(9)])
    if left is not None:
        assert path.read_bytes() == left
    assert AuditLog(directory, after).found.damage == ""
    fault = verify_audit(directory, after).fault
    assert fault is not None
    assert fault.entry == {"cut": 4, "counted-unfinished": 5, "changed": 3, "gone": 1}[harm]


def test_the_oldest_file_is_removed_and_the_chain_has_a_base(tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    log = AuditLog(directory, Head(), max_file=900, max_files=3)
    base = Head()
    for number in range(1, 15):
        log.append([entry(number)])
        surplus = log.surplus()
        if surplus is not None:
            file, base = surplus
            log.remove(file)
    assert len(audit_files(directory)) == 3
    assert base.count > 0
    assert verify_audit(directory, log.head, base=base).fault is None
    fault = verify_audit(directory, log.head).fault
    assert fault is not None
    assert fault.entry == 1


def test_hostile_texts_are_bounded_and_kept(tmp_path: Path) -> None:
    texts = ["\x00" * 9_000, "é" * 9_000, "\ud800tail", '"}\n{"', "\U0001f600" * 5_000]
    log = AuditLog(tmp_path / "audit", Head())
    for text in texts:
        line, _ = encode_line(entry(1, subject=text, text=text, who=text, component=text, reason=text))
        assert len(line) < MAX_LINE
        log.append([entry(1, subject=text, text=text)])
    assert verify_audit(tmp_path / "audit", log.head).fault is None
    assert audit_tail(tmp_path / "audit").entries[1].text == '"}\n{"'


def test_nothing_is_appended_to_what_another_program_changed(tmp_path: Path) -> None:
    directory = tmp_path / "audit"
    head = written(directory, 2)
    log = AuditLog(directory, head)
    path = Path(audit_files(directory)[0].path)
    path.write_bytes(path.read_bytes() + b"more\n")
    with pytest.raises(StoreError, match="changed by another program"):
        log.append([entry(3)])


def test_a_kill_at_each_point_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    """One process forks a child for each failpoint; each is killed there, and the next owner's log is whole."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.audit_subject", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    points = [line.split() for line in done.stdout.splitlines()]
    assert len(points) == 9
    assert all(ended == "killed" and verdict == "whole" for _, ended, verdict in points), done.stdout
