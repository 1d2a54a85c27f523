"""The sample ``word-count``: counts what it may read, and says what it may not."""

from __future__ import annotations

from pathlib import Path

from tests.support.foreground import run
from tests.support.places import SAMPLES

WORD_COUNT = SAMPLES / "word-count"


def test_it_counts_its_input() -> None:
    assert run(path=WORD_COUNT, given=b"one two\nthree\n\tfour").out == b"2 4 19\n"
    assert run(path=WORD_COUNT).out == b"0 0 0\n"


def test_it_counts_the_files_that_it_is_granted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x y\n" * 50_000)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_text("z")
    ran = run("/d/a", "/d/b/c", path=WORD_COUNT, directories=(f"{tmp_path}::/d:ro",))
    assert (ran.report.status, ran.out) == (0, b"50000 100000 200000 /d/a\n0 1 1 /d/b/c\n")
    for guest, path in ((".", "a"), ("d/", "d/a"), ("/", "/a")):
        assert run(path, path=WORD_COUNT, directories=(f"{tmp_path}::{guest}",)).report.status == 0


def test_it_says_what_it_cannot_read_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    ran = run("/d/no", "/other", "/d", "/d/a", path=WORD_COUNT, directories=(f"{tmp_path}::/d",))
    assert (ran.report.status, ran.out) == (1, b"0 1 1 /d/a\n")
    assert ran.err == b"/d/no: no such file\n/other: no such file\n/d: no such file\n"
    ran = run("/d/a", path=WORD_COUNT)
    assert (ran.out, ran.err) == (b"", b"/d/a: no such file\n")
