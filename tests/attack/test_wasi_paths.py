"""Attacks with paths once more, through ``wasi:filesystem``: a real component tries to reach files that it may not.

Every path that should lead nowhere is tried with every operation that takes one. Nothing outside the granted folder may
have changed afterwards, and nothing of the secret may have come out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.capability.permission import Access
from airssys_tui.core.types.values import Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import WASI
from tests.support.burglar import FOLLOW, SECRET, WasiHouse
from tests.support.file_trees import descriptors, portable
from tests.support.wasi.passing_guest import passing_guest

NOW = Variant("now")
IN, OUT = "io/streams#[method]input-stream.", "io/streams#[method]output-stream."
ENTRY = "filesystem/types#[method]directory-entry-stream.read-directory-entry"
FORBIDDEN = Reason.FORBIDDEN


@pytest.fixture(scope="module")
def wasi() -> Iterator[tuple[Any, Any]]:
    """Give a linker with WASI, and a guest that passes files and streams on."""
    engine = Engine()
    guest = passing_guest("filesystem/types", "filesystem/preopens", "io/streams", "io/error")
    yield engine.linker(WASI), engine.compile(guest)
    engine.close()


@pytest.fixture
def house(tmp_path: Path, wasi: tuple[Any, Any]) -> Iterator[WasiHouse]:
    """Give a house to break into; whatever was tried, nothing outside may have changed, and nothing stays open."""
    before = descriptors()
    made = WasiHouse(tmp_path.resolve(), *wasi)
    yield made
    made.instance.close()
    assert descriptors() <= before
    assert made.is_untouched()


def slurp(house: WasiHouse, opened: Any) -> Any:
    """Return what a descriptor gives if it was opened, else the code."""
    return house.ask("read", 99, 0, on=opened)[0] if isinstance(opened, int) else opened


Operation = Callable[[WasiHouse, str], Any]
READING: dict[str, Operation] = {
    "read": lambda h, path: slurp(h, h.open(path)),
    "looked at": lambda h, path: h.ask("stat-at", FOLLOW, path),
    "fingerprint": lambda h, path: h.ask("metadata-hash-at", FOLLOW, path),
    "opened to look": lambda h, path: h.open(path, ""),
}
CHANGING: dict[str, Operation] = {
    "written": lambda h, path: h.open(path, "write"),
    "made": lambda h, path: h.open(path, "write", "create"),
    "emptied": lambda h, path: h.open(path, "write", "truncate"),
    "touched": lambda h, path: h.ask("set-times-at", FOLLOW, path, NOW, NOW),
}
ENDING: dict[str, Operation] = {
    "not followed": lambda h, path: slurp(h, h.open(path, follow=False)),
    "made anew": lambda h, path: h.open(path, "write", "create exclusive"),
    "looked at itself": lambda h, path: h.ask("stat-at", set(), path),
    "touched itself": lambda h, path: h.ask("set-times-at", set(), path, NOW, NOW),
    "link read": lambda h, path: h.ask("readlink-at", path),
    "directory made": lambda h, path: h.ask("create-directory-at", path),
    "directory removed": lambda h, path: h.ask("remove-directory-at", path),
    "unlinked": lambda h, path: h.ask("unlink-file-at", path),
    "renamed": lambda h, path: h.ask("rename-at", path, h.top, "stolen"),
    "replaced": lambda h, path: h.ask("rename-at", "mine", h.top, path),
    "linked to": lambda h, path: h.ask("link-at", set(), path, h.top, "stolen"),
    "linked at": lambda h, path: h.ask("link-at", set(), "mine", h.top, path),
    "symlink made": lambda h, path: h.ask("symlink-at", "mine", path),
}
EVERY = {**READING, **CHANGING, **ENDING}


def code_of(got: Any) -> Any:
    """Return a code of an error, or that there was none."""
    return got if isinstance(got, str) else "ok"


# paths

OUT_OF_IT = {
    "absolute": "/etc/hosts", "absolute inside": "/data/mine", "parent": "../outside/secret", "two parents": "../../x",
    "parent in the middle": "sub/../../outside/secret", "parent at the end": "..", "parent after a slash": "..//",
    "out and in again": "../data/mine", "dots and parent": "./.././outside/secret", "deep": "sub/" + "../" * 60 + "x",
    "its own name": "sub/../../data/mine", "longer name of a granted folder": "../database/secret",
}  # fmt: skip


@pytest.mark.parametrize("way", ["openat2", "portable"])
@pytest.mark.parametrize("name", OUT_OF_IT)
def test_a_path_leads_nowhere_else(house: WasiHouse, name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "portable":
        portable(monkeypatch)
    (house.inside / "sub").mkdir()
    path = OUT_OF_IT[name]
    assert {name: code_of(work(house, path)) for name, work in EVERY.items()} == dict.fromkeys(EVERY, "not-permitted")
    assert (house.inside / "mine").read_bytes() == b"mine"


NAMES = {
    "percent": "%2e%2e/outside/secret", "percent twice": "%252e%252e/secret", "slash, percent": "..%2foutside%2fsecret",
    "backslash": "..\\outside\\secret", "wide dots": "\uff0e\uff0e/outside/secret", "dot leader": "\u2024\u2024/secret",
    "wide slash": "..\uff0foutside\uff0fsecret", "three dots": ".../outside/secret", "URL": "file:///etc/passwd",
    "home": "~/secret", "composed letters": "mi\u006e\u0303e", "other case": "MINE", "space": " ", "dot space": ". ",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_strange_names_are_names_like_any_other(house: WasiHouse, name: str) -> None:
    assert {code_of(work(house, NAMES[name])) for work in READING.values()} == {"no-entry"}


WRONG = {
    "empty": ("", {"no-entry"}),
    "NUL": ("mine\0/../../outside/secret", {"invalid"}),
    "NUL at the end": ("mine\0", {"invalid"}),
    "long path": ("a/" * 2_049, {"name-too-long"}),
    "long name": ("a" * 256, {"name-too-long"}),
    "file as a folder": ("mine/../mine", {"not-directory"}),
    "file with a slash": ("mine/", {"not-directory", "exist", "is-directory"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_path_is_refused(house: WasiHouse, name: str) -> None:
    path, codes = WRONG[name]
    got = {name: code_of(work(house, path)) for name, work in EVERY.items()}
    assert set(got.values()) <= codes, got


# links

LINKS: dict[str, dict[str, str]] = {
    "absolute": {"l": "{outside}"},
    "absolute, inside": {"l": "{inside}/sub"},
    "relative": {"l": "../outside"},
    "out and in again": {"l": "../outside/../data/sub"},
    "a chain": {"l": "k", "k": "j", "j": "../outside"},
    "more parents than are there": {"l": "../" * 60 + "etc"},
    "the folder above": {"l": ".."},
    "to processes": {"l": "/proc/self/root"},
    "through a real folder": {"l": "sub/../../outside"},
}


@pytest.mark.parametrize("way", ["openat2", "portable"])
@pytest.mark.parametrize("name", LINKS)
def test_a_link_does_not_lead_out(house: WasiHouse, name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "portable":
        portable(monkeypatch)
    (house.inside / "sub").mkdir()
    (house.inside / "sub" / "secret").write_bytes(b"mine")
    for link, target in LINKS[name].items():
        house.link(link, target)
    before = sorted(path.name for path in house.inside.iterdir())
    for path in ("l/secret", "l/folder/", "l/new", "l/.", "l/.."):
        got = {name: code_of(work(house, path)) for name, work in EVERY.items()}
        assert got == dict.fromkeys(EVERY, "not-permitted"), path
    followed = {name: code_of(work(house, "l")) for name, work in {**READING, **CHANGING}.items()}
    assert followed == dict.fromkeys(followed, "not-permitted")
    assert sorted(path.name for path in house.inside.iterdir()) == before
    assert (house.inside / "sub" / "secret").read_bytes() == b"mine"


def test_a_link_itself_is_looked_at_and_taken_away_and_its_target_is_not(house: WasiHouse) -> None:
    house.link("l", "../outside/secret")
    house.link("d", "../outside")
    assert house.ask("stat-at", set(), "l")["type"] == "symbolic-link"
    assert house.ask("readlink-at", "l") == "../outside/secret"
    assert house.open("l", "write", "create exclusive") == "exist"
    assert [house.open("l", follow=False), house.open("d", "", "directory", follow=False)] == ["loop", "not-directory"]
    assert [house.ask("remove-directory-at", "d"), house.ask("remove-directory-at", "d/")] == ["not-directory"] * 2
    assert house.ask("rename-at", "l", house.top, "m") is None
    assert house.ask("link-at", set(), "m", house.top, "n") is None
    assert [house.ask("unlink-file-at", name) for name in ("m", "n", "d")] == [None] * 3
    house.look()


def test_a_guest_makes_links_and_cannot_follow_them_out(house: WasiHouse) -> None:
    assert house.ask("symlink-at", "/etc", "l") == "not-permitted"
    (house.inside / "a" / "b").mkdir(parents=True)
    assert house.ask("symlink-at", "../../mine", "a/b/l") is None
    assert slurp(house, house.open("a/b/l")) == b"mine"
    assert house.ask("rename-at", "a/b", house.top, "c") is None
    assert house.ask("symlink-at", "../outside/secret", "m") is None
    assert [house.open("c/l"), house.open("m")] == ["not-permitted"] * 2
    folder = house.open("a", "", "directory")
    assert house.ask("symlink-at", "../mine", "up", on=folder) is None
    assert house.ask("open-at", FOLLOW, "up", set(), {"read"}, on=folder) == "not-permitted"
    assert slurp(house, house.open("a/up")) == b"mine"


def test_a_link_leads_to_a_folder_of_which_nothing_is_granted(house: WasiHouse) -> None:
    for folder in ("open", "shut"):
        (house.inside / folder).mkdir()
        (house.inside / folder / "secret").write_bytes(SECRET if folder == "shut" else b"mine")
    house.link("open/l", "../shut")
    kept = [one for one in house.guard.grants if one.permission.subject.endswith("/**")]
    for grant in kept:
        wide = msgspec.structs.replace(grant.permission, subject=f"{house.inside}/{{open,mine,stolen}}{{,/**}}")
        house.guard.grants.append(msgspec.structs.replace(grant, permission=wide))
        house.guard.grants.remove(grant)
    assert slurp(house, house.open("open/secret")) == b"mine"
    for path in ("open/l/secret", "open/l/new", "open/l/."):
        got = {name: code_of(work(house, path)) for name, work in EVERY.items()}
        assert got == dict.fromkeys(EVERY, "access"), path
    assert [path.name for path in (house.inside / "shut").iterdir()] == ["secret"]


# hard links and what is no file


def test_a_file_with_another_name_outside_is_not_changed(house: WasiHouse) -> None:
    (house.outside / "other").write_bytes(b"other")
    (house.inside / "h").hardlink_to(house.outside / "other")
    house.look()
    got = {name: code_of(work(house, "h")) for name, work in CHANGING.items()}
    assert got == dict.fromkeys(CHANGING, "access")
    assert house.guard.reasons == [FORBIDDEN] * 4


def test_a_link_needs_the_right_to_write_the_file_too(house: WasiHouse) -> None:
    kept = house.guard.grants
    for missing in ("read", "write"):
        only = [one for one in kept if one.permission.action != missing]
        deep = [one for one in kept if one.permission.action == missing]
        narrowed = [
            msgspec.structs.replace(
                one, permission=msgspec.structs.replace(one.permission, subject=f"{house.inside}/copy")
            )
            for one in deep[:1]
        ]
        house.guard.grants = only + narrowed
        assert house.ask("link-at", set(), "mine", house.top, "copy") == "access"
    assert not (house.inside / "copy").exists()


MAKERS: dict[str, Callable[[WasiHouse, Path], Any]] = {
    "FIFO": lambda _, path: os.mkfifo(path),
    "socket": lambda house, path: house.listen(path.name),
    "device": lambda _, path: os.mknod(path, 0o20666, os.makedev(1, 5)),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_no_file_is_never_opened(house: WasiHouse, kind: str) -> None:
    made = MAKERS[kind](house, house.inside / "s")
    opened = {**{name: READING[name] for name in ("read", "opened to look")}, **CHANGING, "linked": ENDING["linked to"]}
    got = {name: code_of(work(house, "s")) for name, work in opened.items()}
    assert got == dict.fromkeys(opened, "access")
    assert set(house.guard.reasons) == {FORBIDDEN}
    assert house.ask("stat-at", set(), "s")["type"] == {"FIFO": "fifo", "device": "character-device"}.get(kind, kind)
    if kind == "FIFO":  # a writer that does not wait finds out whether anybody reads
        with pytest.raises(OSError, match="No such device"):
            os.open(house.inside / "s", os.O_WRONLY | os.O_NONBLOCK)
    if made is not None:
        made.close()


# what nobody can be granted, from the root on

EVERYTHING = tuple(f"filesystem:{action}:/**" for action in ("read", "write", "delete", "list"))
SECRETS = (
    "proc/self/environ", "proc/self/mem", "proc/self/root/etc/hostname", "proc/self/cwd", "proc/thread-self/environ",
    "proc/1/environ", "proc/self/fd/0", "dev/fd/0", "dev/mem", "etc/shadow", "ETC/Shadow", "etc/./shadow",
    "tmp/../etc/shadow", "etc/ssh/ssh_host_rsa_key",
)  # fmt: skip


@pytest.mark.parametrize("path", SECRETS)
def test_nobody_is_granted_secrets(house: WasiHouse, path: str) -> None:
    house.grant(*EVERYTHING)
    house.top = house.root_top
    assert {code_of(work(house, path)) for work in READING.values()} == {"access"}
    assert set(house.guard.reasons) == {FORBIDDEN}


@pytest.mark.parametrize("path", ["etc/airssys", "proc/sys/kernel/hostname", "dev/airssys", "boot/airssys", "sys/x"])
def test_nobody_is_granted_to_change_the_system(house: WasiHouse, path: str) -> None:
    house.grant(*EVERYTHING)
    house.top = house.root_top
    works = {**CHANGING, **{name: ENDING[name] for name in ENDING if name not in {"not followed", "looked at itself"}}}
    got = {name: code_of(work(house, path)) for name, work in works.items() if name != "link read"}
    assert got.pop("replaced") in {"access", "no-entry"}
    assert got.pop("linked at") in {"access", "no-entry"}
    assert got == dict.fromkeys(got, "access")
    assert set(house.guard.reasons) == {FORBIDDEN}


def test_keys_and_the_programs_own_are_out_of_reach(house: WasiHouse) -> None:
    house.grant(*EVERYTHING)
    (house.inside / "home" / ".ssh").mkdir(parents=True)
    (house.inside / "home" / ".ssh" / "id_ed25519").write_bytes(SECRET)
    (house.root / "kept" / "state").mkdir(parents=True)
    (house.root / "kept" / "state" / "catalog.db").write_bytes(SECRET)
    for path in ("home/.ssh/id_ed25519", "home/.SSH/id_ed25519"):
        assert {code_of(work(house, path)) for work in EVERY.values()} == {"access"}
    assert house.ask("rename-at", "home/.ssh", house.top, "keys") == "access"
    assert house.open("home/.ssh", "", "directory") == "access"
    assert house.ask("symlink-at", "home/.ssh/id_ed25519", "l") is None
    assert house.open("l") == "access"
    root = str(house.root).removeprefix("/")
    house.top, inside = house.root_top, house.top
    assert {code_of(work(house, f"{root}/kept/state/catalog.db")) for work in READING.values()} == {"access"}
    assert house.ask("rename-at", f"{root}/kept", inside, "kept") == "access"
    assert house.ask("remove-directory-at", f"{root}/kept") == "access"
    assert (house.root / "kept" / "state" / "catalog.db").exists()


# what changes while it is looked at


@pytest.mark.parametrize("way", ["openat2", "portable"])
@pytest.mark.parametrize("name", EVERY)
def test_a_folder_becomes_a_link_between_the_question_and_the_act(
    house: WasiHouse, name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "portable":
        portable(monkeypatch)
    (house.inside / "t").mkdir()
    (house.inside / "t" / "secret").write_bytes(b"mine")

    def swap(_: Access) -> None:
        (house.inside / "t").rename(house.inside / "was")
        house.link("t", "../outside/folder")
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    assert code_of(EVERY[name](house, "t/secret")) == "not-permitted"
    assert not (house.inside / "stolen").exists()


@pytest.mark.parametrize("name", {**READING, **CHANGING})
def test_a_file_becomes_a_link_between_the_question_and_the_act(house: WasiHouse, name: str) -> None:
    (house.inside / "f").write_bytes(b"mine")

    def swap(_: Access) -> None:
        (house.inside / "f").unlink()
        house.link("f", "../outside/secret")
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    assert code_of(EVERY[name](house, "f")) == "not-permitted"


def test_a_file_gets_another_name_between_the_question_and_the_act(house: WasiHouse) -> None:
    def swap(_: Access) -> None:
        (house.inside / "mine").unlink()
        (house.outside / "other").write_bytes(b"other")
        (house.inside / "mine").hardlink_to(house.outside / "other")
        house.look()
        house.guard.meanwhile = lambda _: None

    house.guard.meanwhile = swap
    assert house.open("mine", "write", "truncate") == "access"
    assert house.guard.reasons == [FORBIDDEN]


def test_an_open_folder_moves_to_where_nothing_is_granted(house: WasiHouse) -> None:
    (house.inside / "t").mkdir()
    (house.inside / "t" / "f").write_bytes(b"mine")
    folder = house.open("t", "", "directory")
    (house.inside / "t").rename(house.outside / "t")
    house.look()
    works: list[tuple[Any, ...]] = [
        ("stat",), ("read-directory",), ("open-at", set(), "f", set(), {"read"}), ("create-directory-at", "new"),
        ("open-at", set(), "new", {"create"}, {"write"}), ("rename-at", "f", house.top, "f"), ("unlink-file-at", "f"),
        ("set-times", NOW, NOW), ("metadata-hash",), ("sync",), ("symlink-at", "x", "y"),
    ]  # fmt: skip
    assert {code_of(house.ask(*work, on=folder)) for work in works} == {"access"}


@pytest.mark.parametrize("way", ["openat2", "portable"])
def test_links_are_swapped_all_the_time(house: WasiHouse, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "portable":
        portable(monkeypatch)
    got = set()
    works = {name: EVERY[name] for name in ("read", "written", "made", "looked at", "touched", "unlinked", "linked to")}
    with house.swapping_links():
        for _ in range(30):
            for work in works.values():
                answer = work(house, "t/secret")
                got.add(code_of(answer))
                if isinstance(answer, int):
                    house.drop("descriptor", answer)
    assert got <= {"ok", "not-permitted", "no-entry", "loop", "exist", "access"}


# grants


def test_revoking_holds_at_the_next_call_on_everything_that_is_open(house: WasiHouse) -> None:
    (house.inside / "d").mkdir()
    file, folder = house.open("mine", "read write"), house.open("d", "", "directory")
    entries = house.ask("read-directory")
    source, sink = house.ask("read-via-stream", 0, on=file), house.ask("append-via-stream", on=file)
    house.guard.grants.clear()
    works: list[tuple[Any, ...]] = [
        ("read", 9, 0), ("write", b"x", 0), ("set-size", 0), ("set-times", NOW, NOW), ("stat",), ("sync",),
        ("metadata-hash",), ("advise", 0, 0, "normal"),
    ]  # fmt: skip
    assert {house.ask(*work, on=file) for work in works} == {"access"}
    assert {house.ask(work, on=folder) for work in ("stat", "read-directory", "sync")} == {"access"}
    assert house.pass_on(ENTRY, entries) == "access"
    assert house.pass_on(IN + "read", source, 9).case == "last-operation-failed"
    assert house.pass_on(OUT + "blocking-write-and-flush", sink, b"x").case == "last-operation-failed"
    assert set(house.guard.reasons) == {Reason.NOT_GRANTED}
    assert (house.inside / "mine").read_bytes() == b"mine"


def test_a_candidate_changes_nothing_and_reads_what_is_granted(house: WasiHouse) -> None:
    house.guard.candidate = True
    changing = {**CHANGING, **ENDING}
    for name in ("not followed", "looked at itself", "link read"):
        del changing[name]
    got = {name: code_of(work(house, "mine")) for name, work in changing.items()}
    assert got == dict.fromkeys(changing, "access")
    assert set(house.guard.reasons) == {Reason.CANDIDATE}
    assert [path.name for path in house.inside.iterdir()] == ["mine"]
    assert slurp(house, house.open("mine")) == b"mine"


def test_what_is_not_declared_is_denied_below_every_directory(house: WasiHouse) -> None:
    house.top = house.root_top
    root = str(house.root).removeprefix("/")
    for path in (f"{root}/outside/secret", f"{root}/database/secret", f"{root}/DATA/mine", "etc/hosts", "."):
        got = {name: code_of(work(house, path)) for name, work in EVERY.items()}
        assert set(got.values()) <= {"access", "no-entry"}, path
        assert not [name for name, code in got.items() if code == "no-entry" and name not in {"replaced", "linked at"}]
    assert slurp(house, house.open(f"{root}/data/mine")) == b"mine"


def test_a_grant_that_expired_allows_nothing(house: WasiHouse) -> None:
    house.guard.grants = [msgspec.structs.replace(one, expires_at=50.0) for one in house.guard.grants]
    file = house.open("mine")
    house.guard.now = 51.0
    assert [house.ask("read", 9, 0, on=file), house.open("mine"), house.ask("read-directory")] == ["access"] * 3
    assert house.guard.reasons == [Reason.EXPIRED] * 3


def test_nothing_that_is_opened_is_inherited_or_waits(house: WasiHouse) -> None:
    import fcntl

    before = descriptors()
    house.open("mine", "read write")
    house.ask("read-directory")
    house.open(".", "", "directory")
    opened = [int(one.partition(" ")[0]) for one in descriptors() - before]
    assert len(opened) == 4
    assert not any(map(os.get_inheritable, opened))
    flags = [fcntl.fcntl(one, fcntl.F_GETFL) for one in opened]
    assert all(flag & (os.O_NONBLOCK | os.O_PATH) for flag in flags)
