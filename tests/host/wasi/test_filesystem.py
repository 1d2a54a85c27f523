"""``wasi:filesystem`` called by a real component: every function, its values, and every error code."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import EnumOf, ResultOf
from airssys_tui.core.types.values import Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import WASI
from airssys_tui.host.doors.descriptors import file_descriptor
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_BYTE
from airssys_tui.host.wasi.wasi_types import wasi_types
from tests.support.burglar import METHOD, WasiHouse
from tests.support.file_trees import descriptors
from tests.support.full_disk import small_file_system
from tests.support.wasi.passing_guest import export_of, passing_guest

KIB = 1_024
IN, OUT = "io/streams#[method]input-stream.", "io/streams#[method]output-stream."
ENTRY = "filesystem/types#[method]directory-entry-stream.read-directory-entry"
NOW, LEFT = Variant("now"), Variant("no-change")
CLOSED = Variant("closed")


@pytest.fixture(scope="module")
def linked(engine: Engine) -> tuple[Any, Any]:
    """Give a linker with WASI, and a guest that passes files and streams on."""
    return engine.linker(WASI), engine.compile(
        passing_guest("filesystem/types", "filesystem/preopens", "io/streams", "io/error")
    )


@pytest.fixture
def house(tmp_path: Path, linked: tuple[Any, Any]) -> Iterator[WasiHouse]:
    """Give a folder in which everything is granted; nothing stays open with the instance."""
    before = descriptors()
    made = WasiHouse(tmp_path.resolve(), *linked)
    yield made
    made.instance.close()
    assert descriptors() <= before
    assert made.is_untouched()


def at(nanoseconds: int) -> Variant:
    seconds, rest = divmod(nanoseconds, 10**9)
    return Variant("timestamp", {"seconds": seconds, "nanoseconds": rest})


def nanoseconds(stamp: Some) -> int:
    return stamp.value["seconds"] * 10**9 + stamp.value["nanoseconds"]


# directories at the beginning


def test_the_directories_of_the_manifest_are_open(house: WasiHouse) -> None:
    opened = house.pass_on("filesystem/preopens#get-directories")
    assert [guest for _, guest in opened] == ["/data", "/"]
    first = opened[0][0]
    assert house.ask("get-flags", on=first) == {"read", "mutate-directory"}
    assert house.ask("get-type", on=first) == "directory"
    assert house.ask("is-same-object", first) is True
    assert house.ask("is-same-object", opened[1][0]) is False
    for handle, _ in opened:
        house.drop("descriptor", handle)
    assert house.ask("stat-at", set(), "mine")["size"] == 4, "others are not closed with it"


def test_a_directory_that_is_not_there_is_open_all_the_same(house: WasiHouse) -> None:
    shutil.rmtree(house.inside)
    assert [house.ask("stat"), house.ask("read-directory"), house.open("mine")] == ["no-entry"] * 3
    assert house.ask("is-same-object", house.root_top) is False
    house.inside.mkdir()
    assert house.ask("stat")["type"] == "directory"


# files


def test_files_are_read_and_written_at_positions(house: WasiHouse) -> None:
    file = house.open("new", "read write", "create exclusive")
    assert house.ask("get-type", on=file) == "regular-file"
    assert house.ask("get-flags", on=file) == {"read", "write"}
    assert house.ask("write", b"hello", 2, on=file) == 5
    assert house.ask("read", 10, 0, on=file) == (b"\0\0hello", False)
    assert house.ask("read", 10, 7, on=file) == (b"", True)
    assert house.ask("read", 0, 7, on=file) == (b"", False)
    assert house.ask("set-size", 3, on=file) is None
    assert (house.inside / "new").read_bytes() == b"\0\0h"
    (house.inside / "new").write_bytes(bytes(100 * KIB))
    assert house.ask("read", 2**64 - 1, 0, on=file) == (bytes(64 * KIB), False)
    for function in ("sync", "sync-data"):
        assert house.ask(function, on=file) is None
        assert house.ask(function) is None
    for advice in ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse"):
        assert house.ask("advise", 0, 10, advice, on=file) is None


@pytest.mark.parametrize("flags", ["file-integrity-sync", "data-integrity-sync", "requested-write-sync"])
def test_flags_of_a_file_are_kept(house: WasiHouse, flags: str) -> None:
    file = house.open("mine", f"read write {flags}")
    assert house.ask("get-flags", on=file) == {"read", "write", flags}
    assert house.ask("write", b"M", 0, on=file) == 1


def test_a_descriptor_does_what_it_was_opened_for(house: WasiHouse) -> None:
    reads, writes, looks = house.open("mine"), house.open("mine", "write"), house.open("mine", "")
    assert house.ask("get-flags", on=looks) == set()
    assert house.ask("stat", on=looks)["size"] == 4
    for file in (reads, looks):
        wrong = [("write", b"x", 0), ("set-size", 0), ("write-via-stream", 0), ("append-via-stream",)]
        assert [house.ask(*call, on=file) for call in wrong] == ["bad-descriptor"] * 4
        assert house.ask("set-times", NOW, NOW, on=file) == "not-permitted"
    for file in (writes, looks):
        assert [house.ask(*call, on=file) for call in (("read", 1, 0), ("read-via-stream", 0))] == (
            ["bad-descriptor"] * 2
        )
    of_files = [
        ("read", 1, 0), ("write", b"x", 0), ("set-size", 0), ("advise", 0, 0, "normal"), ("read-via-stream", 0),
        ("write-via-stream", 0), ("append-via-stream",),
    ]  # fmt: skip
    assert [house.ask(*call) for call in of_files] == ["is-directory"] * 7
    of_directories = [
        ("read-directory",), ("create-directory-at", "d"), ("stat-at", set(), "d"), ("readlink-at", "l"),
        ("set-times-at", set(), "d", NOW, NOW), ("link-at", set(), "mine", house.top, "d"), ("unlink-file-at", "f"),
        ("open-at", set(), "d", set(), {"read"}), ("remove-directory-at", "d"), ("symlink-at", "x", "y"),
        ("rename-at", "a", house.top, "b"), ("metadata-hash-at", set(), "d"),
    ]  # fmt: skip
    assert [house.ask(*call, on=reads) for call in of_directories] == ["not-directory"] * 12
    assert house.ask("link-at", set(), "mine", reads, "d") == "not-directory"
    assert house.ask("rename-at", "mine", reads, "d") == "not-directory"


def test_an_opened_directory_may_do_what_its_parent_may(house: WasiHouse) -> None:
    assert house.ask("create-directory-at", "d") is None
    folder = house.open("d", "", "directory")
    assert house.ask("get-flags", on=folder) == {"read", "mutate-directory"}
    assert house.ask("create-directory-at", "e", on=folder) is None
    file = house.ask("open-at", set(), "e/f", {"create"}, {"write"}, on=folder)
    assert house.ask("write", b"deep", 0, on=file) == 4
    assert (house.inside / "d" / "e" / "f").read_bytes() == b"deep"
    assert house.ask("rename-at", "e/f", house.top, "f", on=folder) is None
    assert (house.inside / "f").read_bytes() == b"deep"


# streams


def test_a_stream_reads_on_from_its_position_and_ends(house: WasiHouse) -> None:
    (house.inside / "mine").write_bytes(bytes(range(100)) * KIB)
    file = house.open("mine")
    one, two = house.ask("read-via-stream", 99, on=file), house.ask("read-via-stream", 100 * KIB - 1, on=file)
    assert house.pass_on(IN + "read", one, 3) == bytes([99, 0, 1])
    assert house.pass_on(IN + "skip", one, 2**40) == 64 * KIB
    assert house.pass_on(IN + "read", one, 0) == b""
    house.drop("descriptor", file)
    assert house.pass_on(IN + "blocking-read", two, 100) == bytes([99])
    assert [house.pass_on(IN + "read", two, 1) for _ in range(2)] == [CLOSED] * 2
    pollable = house.pass_on(IN + "subscribe", one)
    assert pollable
    house.drop("pollable", pollable)
    house.drop("input-stream", one)
    house.drop("input-stream", two)


def test_streams_write_on_from_their_positions_or_to_the_end(house: WasiHouse) -> None:
    file = house.open("new", "write", "create")
    here, end = house.ask("write-via-stream", 1, on=file), house.ask("append-via-stream", on=file)
    house.drop("descriptor", file)
    assert house.pass_on(OUT + "check-write", here) == 64 * KIB
    assert house.pass_on(OUT + "write", here, b"abc") is None
    assert house.pass_on(OUT + "blocking-write-and-flush", end, b"end") is None
    assert house.pass_on(OUT + "blocking-write-and-flush", here, b"de") is None
    assert house.pass_on(OUT + "blocking-write-zeroes-and-flush", end, 2) is None
    assert (house.inside / "new").read_bytes() == b"\0abcded\0\0"
    assert house.pass_on(OUT + "flush", end) is None


def test_a_stream_is_spliced_into_another_one(house: WasiHouse) -> None:
    source = house.ask("read-via-stream", 1, on=house.open("mine"))
    sink = house.ask("write-via-stream", 0, on=house.open("new", "write", "create"))
    assert house.pass_on(OUT + "blocking-splice", sink, source, 100) == 3
    assert house.pass_on(OUT + "splice", sink, source, 100) == CLOSED
    assert (house.inside / "new").read_bytes() == b"ine"


def test_a_stream_that_fails_says_why_once(house: WasiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    file = house.open("mine", "read write")
    sink, source = house.ask("write-via-stream", 0, on=file), house.ask("read-via-stream", 2**63, on=file)

    def fail(*_: Any) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pwrite", fail)
    assert house.pass_on(OUT + "check-write", sink)
    failed = house.pass_on(OUT + "write", sink, b"x")
    assert failed.case == "last-operation-failed"
    assert house.pass_on("filesystem/types#filesystem-error-code", failed.payload) == Some("io")
    assert house.pass_on("io/error#[method]error.to-debug-string", failed.payload) == "Input/output error"
    assert house.pass_on(OUT + "check-write", sink) == CLOSED
    failed = house.pass_on(IN + "read", source, 1)
    assert house.pass_on("filesystem/types#filesystem-error-code", failed.payload) == Some("invalid")
    assert house.pass_on(IN + "read", source, 1) == CLOSED


def test_a_revoked_stream_fails_with_the_reason(house: WasiHouse) -> None:
    file = house.open("mine", "read write")
    sink, source = house.ask("append-via-stream", on=file), house.ask("read-via-stream", 0, on=file)
    house.guard.grants.clear()
    failed = [house.pass_on(IN + "read", source, 1), house.pass_on(OUT + "blocking-write-and-flush", sink, b"x")]
    codes = [house.pass_on("filesystem/types#filesystem-error-code", one.payload) for one in failed]
    assert codes == [Some("access")] * 2
    said = house.pass_on("io/error#[method]error.to-debug-string", failed[0].payload)
    assert said.startswith("not-granted: ")
    assert set(house.guard.reasons) == {Reason.NOT_GRANTED}


def test_an_error_that_is_not_about_files_has_no_code_of_files(house: WasiHouse) -> None:
    assert house.pass_on("filesystem/types#filesystem-error-code", _other_error(house)) is None


def _other_error(house: WasiHouse) -> int:
    """Return the handle of an error that another package made."""
    from airssys_tui.host.wasi import file_streams
    from airssys_tui.host.wasi.stream_end import IoError, StreamFailed

    source = house.ask("read-via-stream", 0, on=house.open("mine"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_streams, "_failed", lambda _: StreamFailed(IoError("a socket's")))
        house.guard.grants, kept = [], house.guard.grants
        failed = house.pass_on(IN + "read", source, 1)
    house.guard.grants = kept
    return failed.payload


# what is known


def test_what_is_known_of_files(house: WasiHouse) -> None:
    os.utime(house.inside / "mine", ns=(5, 1_700_000_000_123_456_789))
    (house.inside / "l").symlink_to("mine")
    by_path, by_link = house.ask("stat-at", set(), "mine"), house.ask("stat-at", {"symlink-follow"}, "l")
    assert by_path == by_link == house.ask("stat", on=house.open("mine"))
    assert (by_path["type"], by_path["link-count"], by_path["size"]) == ("regular-file", 1, 4)
    assert nanoseconds(by_path["data-access-timestamp"]) == 5
    assert nanoseconds(by_path["data-modification-timestamp"]) == 1_700_000_000_123_456_789
    assert nanoseconds(by_path["status-change-timestamp"]) == (house.inside / "mine").stat().st_ctime_ns
    assert house.ask("stat-at", set(), "l")["type"] == "symbolic-link"
    os.utime(house.inside / "mine", ns=(-5, -5))
    assert house.ask("stat-at", set(), "mine")["data-access-timestamp"] is None


def test_times_are_set_left_or_now(house: WasiHouse) -> None:
    file = house.open("mine", "write")
    (house.inside / "l").symlink_to("mine")
    before = time.time_ns()
    assert house.ask("set-times", at(5), NOW, on=file) is None
    status = (house.inside / "mine").stat()
    assert (status.st_atime_ns, before <= status.st_mtime_ns <= time.time_ns()) == (5, True)
    assert house.ask("set-times-at", set(), "mine", LEFT, at(7)) is None
    assert house.ask("set-times-at", set(), "l", at(8), at(9)) is None
    assert house.ask("set-times", at(1), at(2)) is None
    assert [(path.lstat().st_atime_ns, path.lstat().st_mtime_ns) for path in sorted(house.inside.iterdir())] == (
        [(8, 9), (5, 7)]
    )
    assert house.inside.stat().st_mtime_ns == 2
    assert house.ask("set-times-at", {"symlink-follow"}, "l", LEFT, at(10)) is None
    assert (house.inside / "mine").stat().st_mtime_ns == 10
    too_much = Variant("timestamp", {"seconds": 1, "nanoseconds": 10**9})
    late = Variant("timestamp", {"seconds": 2**64 - 1, "nanoseconds": 0})
    for wrong, code in ((too_much, "invalid"), (late, "overflow")):
        assert house.ask("set-times", wrong, LEFT, on=file) == code
        assert house.ask("set-times-at", set(), "mine", LEFT, wrong) == code


def test_objects_are_told_apart(house: WasiHouse) -> None:
    (house.inside / "l").symlink_to("mine")
    one, two, other = house.open("mine"), house.open("l"), house.open("new", "write", "create")
    assert house.ask("is-same-object", two, on=one) is True
    assert house.ask("is-same-object", other, on=one) is False
    assert house.ask("is-same-object", house.open(".", "", "directory")) is True
    marks = [house.ask("metadata-hash", on=file) for file in (one, two, other)]
    assert marks[0] == marks[1] == house.ask("metadata-hash-at", set(), "mine")
    assert marks[0]["lower"] != marks[2]["lower"]
    assert house.ask("metadata-hash-at", set(), "l") != marks[0]
    assert house.ask("metadata-hash-at", {"symlink-follow"}, "l") == marks[0]
    house.ask("write", b"more", 0, on=other)
    later = house.ask("metadata-hash", on=other)
    assert (later["lower"], later["upper"] != marks[2]["upper"]) == (marks[2]["lower"], True)


def test_a_directory_is_listed_entry_by_entry(house: WasiHouse) -> None:
    (house.inside / "d").mkdir()
    (house.inside / "l").symlink_to("mine")
    os.mkfifo(house.inside / "p")
    streams = [house.ask("read-directory") for _ in range(2)]
    found: list[dict[str, str]] = []
    for stream in streams:
        entries = []
        while (entry := house.pass_on(ENTRY, stream)) is not None:
            entries.append(entry.value)
        assert house.pass_on(ENTRY, stream) is None
        found.append({each["name"]: each["type"] for each in entries})
        assert len(entries) == 4
    expected = {"mine": "regular-file", "d": "directory", "l": "symbolic-link", "p": "fifo"}
    assert found == [expected] * 2
    house.drop("directory-entry-stream", streams[0])


# links


def test_links_are_made_and_read(house: WasiHouse) -> None:
    assert house.ask("symlink-at", "mine", "l") is None
    assert house.ask("readlink-at", "l") == "mine"
    assert house.ask("link-at", set(), "mine", house.top, "hard") is None
    assert house.ask("stat-at", set(), "hard")["link-count"] == 2
    assert house.ask("link-at", {"symlink-follow"}, "l", house.top, "other") == "invalid"
    assert house.ask("unlink-file-at", "mine") is None
    assert house.ask("read", 9, 0, on=house.open("hard")) == (b"mine", False)
    assert house.open("l") == "no-entry"


# errors: real ones first


def test_codes_of_paths(house: WasiHouse) -> None:
    (house.inside / "d").mkdir()
    (house.inside / "d" / "x").touch()
    (house.inside / "l").symlink_to("l")
    (house.inside / os.fsdecode(b"\xff")).symlink_to("x")
    (house.inside / "b").symlink_to(os.fsdecode(b"\xff"))
    (house.inside / "abs").symlink_to("/etc")
    entries = house.ask("read-directory")
    listed = [house.pass_on(ENTRY, entries) for _ in range(7)]
    got = {
        "exist": [house.ask("create-directory-at", "d"), house.open("mine", "write", "create exclusive")],
        "not-empty": [house.ask("remove-directory-at", "d")],
        "is-directory": [house.ask("unlink-file-at", "d"), house.open("d", "write")],
        "not-directory": [house.open("mine/x"), house.ask("remove-directory-at", "mine"), house.open("mine/")],
        "no-entry": [house.open("nothing"), house.ask("unlink-file-at", "nothing"), house.open("")],
        "loop": [house.open("l"), house.open("l", follow=False)],
        "invalid": [house.open("a\0"), house.ask("readlink-at", "mine"), house.ask("remove-directory-at", "d/.")],
        "name-too-long": [house.open("n" * 256), house.open("n/" * 3_000)],
        "busy": [house.ask("rename-at", ".", house.top, "e"), house.ask("rename-at", "d", house.top, "d/..")],
        "not-permitted": [
            house.open("/etc"), house.open("../x"), house.open("abs"), house.ask("symlink-at", "/etc", "s"),
            house.ask("readlink-at", "abs"), house.ask("link-at", set(), "d", house.top, "e"),
        ],
        "illegal-byte-sequence": [house.ask("readlink-at", "b"), *[one for one in listed if isinstance(one, str)]],
    }  # fmt: skip
    assert {code: set(each) for code, each in got.items()} == {code: {code} for code in got}
    assert len(got["illegal-byte-sequence"]) == 2


def test_codes_of_another_device(house: WasiHouse) -> None:
    with small_file_system(house.inside / "small") as where:
        (where / "f").touch()
        assert house.ask("rename-at", "small/f", house.top, "f") == "cross-device"
        assert house.ask("link-at", set(), "small/f", house.top, "f") == "cross-device"
        assert house.ask("remove-directory-at", "small") == "busy"
        file = house.open("small/f", "write")
        sink = house.ask("append-via-stream", on=file)
        for _ in range(200):
            house.pass_on(OUT + "check-write", sink)
            failed = house.pass_on(OUT + "write", sink, bytes(60_000))
            if failed is not None:
                break
        assert house.pass_on("filesystem/types#filesystem-error-code", failed.payload) == Some("insufficient-space")
        assert house.ask("write", b"x", 10_000_000, on=file) == "insufficient-space"
        house.drop("output-stream", sink)
        house.drop("descriptor", file)
        subprocess.run(["mount", "-o", "remount,ro", str(where)], check=True)
        assert house.open("small/f", "write") == "read-only"


def test_codes_of_files(house: WasiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    program = house.inside / "program"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as running:
        assert house.open("program", "write") == "text-file-busy"
        running.kill()
    file = house.open("mine", "read write")
    assert [house.ask("read", 1, 2**63, on=file), house.ask("set-size", 2**63, on=file)] == ["invalid"] * 2
    assert house.ask("advise", 2**63, 2**63, "normal", on=file) == "invalid"
    assert house.ask("write", b"xx", 2**63 - 1, on=file) in {"file-too-large", "invalid"}
    monkeypatch.setattr(file_descriptor, "MAX_READ", 3)
    assert house.ask("read", 9, 0, on=file) == (b"min", False)


CODES = {
    "access": "EACCES", "would-block": "EAGAIN", "already": "EALREADY", "bad-descriptor": "EBADF", "busy": "EBUSY",
    "deadlock": "EDEADLK", "quota": "EDQUOT", "exist": "EEXIST", "file-too-large": "EFBIG",
    "illegal-byte-sequence": "EILSEQ", "in-progress": "EINPROGRESS", "interrupted": "EINTR", "invalid": "EINVAL",
    "io": "EIO", "is-directory": "EISDIR", "loop": "ELOOP", "too-many-links": "EMLINK", "message-size": "EMSGSIZE",
    "name-too-long": "ENAMETOOLONG", "no-device": "ENODEV", "no-entry": "ENOENT", "no-lock": "ENOLCK",
    "insufficient-memory": "ENOMEM", "insufficient-space": "ENOSPC", "not-directory": "ENOTDIR",
    "not-empty": "ENOTEMPTY", "not-recoverable": "ENOTRECOVERABLE", "unsupported": "ENOTSUP", "no-tty": "ENOTTY",
    "no-such-device": "ENXIO", "overflow": "EOVERFLOW", "not-permitted": "EPERM", "pipe": "EPIPE",
    "read-only": "EROFS", "invalid-seek": "ESPIPE", "text-file-busy": "ETXTBSY", "cross-device": "EXDEV",
}  # fmt: skip
"""Every code, and what the system reports for it."""


def test_every_code_is_what_the_system_reports(house: WasiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    (function,) = (one for one in wasi_types().interfaces["filesystem/types"].functions if one.name.endswith(".sync"))
    assert isinstance(function.result, ResultOf)
    assert isinstance(function.result.err, EnumOf)
    assert set(CODES) == set(function.result.err.names)
    raised: list[int] = []

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(raised[-1], "no", "/secret/place")

    monkeypatch.setattr(os, "mkdir", fail)
    got = []
    for name in CODES.values():
        raised.append(getattr(errno, name))
        got.append(house.ask("create-directory-at", "d"))
    assert got == list(CODES)


def test_what_the_guard_denies_is_no_access_and_what_is_too_much_is_a_quota(house: WasiHouse) -> None:
    opened = []
    while isinstance(handle := house.open("mine"), int):
        opened.append(handle)
    assert (handle, len(opened)) == ("quota", 128)
    house.drop("descriptor", opened.pop())
    assert isinstance(house.open("mine"), int)
    house.guard.grants.clear()
    assert [house.open("mine"), house.ask("stat"), house.ask("read-directory")] == ["access"] * 3


# what is charged, announced and closed


def test_bytes_are_charged(house: WasiHouse) -> None:
    (house.inside / "mine").write_bytes(bytes(60_000))
    file = house.open("mine", "read write")

    def fuel(function: str, *arguments: Any) -> int:
        return house.instance.call(export_of(METHOD + function), file, *arguments).fuel

    for few, many in ((("read", 1, 0), ("read", 50_001, 0)), (("write", b"x", 0), ("write", bytes(50_001), 0))):
        assert fuel(*many) - fuel(*few) >= 50_000 * FUEL_PER_BYTE


@pytest.mark.parametrize("handle", [0, 99, 2**32 - 1])
def test_a_handle_that_was_made_up_traps(house: WasiHouse, handle: int) -> None:
    with pytest.raises(GuestTrap):
        house.ask("stat", on=handle)


def test_a_handle_that_was_dropped_or_of_another_kind_traps(house: WasiHouse) -> None:
    file = house.open("mine")
    stream = house.ask("read-via-stream", 0, on=file)
    house.drop("descriptor", file)
    with pytest.raises(GuestTrap):
        house.ask("stat", on=stream)


@pytest.mark.parametrize("how", ["dropped", "left", "trapped"])
def test_everything_is_closed_however_it_ends(house: WasiHouse, how: str) -> None:
    before = descriptors()
    file = house.open("mine", "read write")
    stream = house.ask("read-via-stream", 0, on=file)
    entries = house.ask("read-directory")
    folder = house.open(".", "", "directory")
    assert len(descriptors() - before) == 4
    if how == "dropped":
        for resource, handle in (
            ("descriptor", file), ("input-stream", stream), ("directory-entry-stream", entries), ("descriptor", folder),
        ):  # fmt: skip
            house.drop(resource, handle)
        assert descriptors() <= before
        return
    if how == "trapped":
        with pytest.raises(GuestTrap) as caught:
            house.pass_on(OUT + "write", house.ask("append-via-stream", on=file), b"not permitted")
        assert caught.value.trap.kind is TrapKind.HOST_ERROR
    house.instance.close()
    assert descriptors() <= before


def test_blocking_is_announced_at_every_operation(house: WasiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []

    class Announcement:
        def __enter__(self) -> None:
            announced.append("begun")

        def __exit__(self, *_: object) -> None:
            announced.append("ended")

    monkeypatch.setattr(house.owner, "blocking", Announcement)
    house.ask("stat")
    house.ask("is-same-object", house.root_top)
    file = house.open("mine", "read write")
    assert announced == ["begun", "ended"] * 3
    source, sink = house.ask("read-via-stream", 0, on=file), house.ask("append-via-stream", on=file)
    announced.clear()
    house.pass_on(IN + "read", source, 1)
    house.pass_on(OUT + "blocking-write-and-flush", sink, b"x")
    assert announced == ["begun", "ended"] * 2
