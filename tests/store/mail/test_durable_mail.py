"""The journal of durable messages: what is accepted is there until it is removed, in order, also after a kill."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from airssys_tui.core.errors import SchemaTooNew, StoreError
from airssys_tui.store.disk.failpoint import MAIL, NAMES
from airssys_tui.store.mail.durable_mail import DurableMail
from airssys_tui.store.mail.mail_rows import Burial
from tests.support.mail_subject import contents, file_of, letter, steps
from tests.support.places import ROOT

POINTS = sorted(name for name in NAMES if name.startswith(f"{MAIL}/"))


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[DurableMail]:
    made = DurableMail(tmp_path / "messages.db")
    yield made
    made.close()


def test_there_is_no_file_before_the_first_message(mail: DurableMail) -> None:
    assert mail.read() == ((), ())
    mail.remove([1])
    mail.count_attempts()
    assert not mail.exists
    mail.accept([letter(1)])
    assert mail.path.stat().st_mode & 0o777 == 0o600


def test_what_is_accepted_comes_back_as_it_was_and_in_order(mail: DurableMail, tmp_path: Path) -> None:
    full = msgspec.structs.replace(letter(2), codec=0x51, correlation=str(2**64 - 1), until=1.5, sender="", body=b"\0")
    for each in (letter(3), full, letter(1)):
        mail.accept([each])
    mail.close()
    assert DurableMail(tmp_path / "messages.db").read() == ((letter(1), full, letter(3)), ())


def test_what_was_handled_goes_with_the_next_that_is_accepted(mail: DurableMail) -> None:
    for row in (1, 2):
        mail.accept([letter(row)])
    mail.accept([letter(3)], handled=[1, 2])
    assert mail.read() == ((letter(3),), ())


def test_a_dead_letter_is_kept_and_comes_back_behind_the_others(mail: DurableMail) -> None:
    for row in (1, 2, 3):
        mail.accept([letter(row)])
    burials = [Burial(row=row, reason="exhausted", why="why", attempts=3, dead_at=9.0 - row) for row in (1, 2)]
    for burial in burials:
        mail.bury(burial)
    waiting, dead = mail.read()
    assert waiting == (letter(3),)
    assert [burial for _, burial in dead] == burials[::-1], "those that died first come first"
    mail.revive(1, 4, 4)
    assert mail.read()[0] == (letter(3), msgspec.structs.replace(letter(4), number="m-1", attempt=4))
    with pytest.raises(StoreError, match="gone"):
        mail.revive(1, 5, 4)


def test_only_what_waits_is_counted_as_attempted_once_more(mail: DurableMail) -> None:
    for row in (1, 2):
        mail.accept([letter(row)])
    mail.bury(Burial(row=2, reason="expired", why="", attempts=1, dead_at=1.0))
    mail.count_attempts()
    (waiting,), ((dead, burial),) = mail.read()
    assert (waiting.attempt, dead.attempt, burial.attempts) == (2, 1, 1)


@pytest.mark.parametrize(
    ("statement", "error"),
    [("CREATE TABLE other (x)", StoreError), ("PRAGMA user_version = 99", SchemaTooNew)],
    ids=["another program's", "a newer one"],
)
def test_another_database_is_left_alone(mail: DurableMail, statement: str, error: type[StoreError]) -> None:
    if error is SchemaTooNew:
        mail.accept([letter(1)])
        mail.close()
    with sqlite3.connect(mail.path) as other:
        other.execute(statement)
    other.close()
    before = tables(mail.path)
    fresh = DurableMail(mail.path)
    with pytest.raises(error):
        fresh.accept([letter(2)])
    assert tables(mail.path) == before


def tables(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump(), *connection.execute("PRAGMA user_version")]


def test_a_closed_journal_says_so(mail: DurableMail) -> None:
    mail.close()
    with pytest.raises(StoreError, match="closed"):
        mail.accept([letter(1)])


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What the journal holds after no step, after one, and so on."""
    mail = DurableMail(tmp_path_factory.mktemp("reference") / "messages.db")
    found: list[object] = [contents(mail.path)]
    for step in steps(mail):
        step()
        found.append(contents(mail.path))
    mail.close()
    return found


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Kill at each failpoint, in processes of their own; return the steps that were acknowledged."""
    directory = tmp_path_factory.mktemp("killed")
    told = subprocess.run(
        [sys.executable, "-m", "tests.support.mail_subject", str(directory), *POINTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    return {str(directory / file_of(point)): int(line) for point, line in zip(POINTS, told, strict=True)}


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_what_was_acknowledged(point: str, reference: list[object], killed: dict[str, int]) -> None:
    path, acknowledged = next((Path(file), steps) for file, steps in killed.items() if file.endswith(file_of(point)))
    after = 0 if "before" in point or "create" in point else 1
    assert contents(path) == reference[acknowledged + after]
    mail = DurableMail(path)
    mail.read()
    mail.close()
