"""A disk that forgets what was not synced: fed with a recorder's journal, asked for what a power cut would leave.

Nothing is promised that the program did not ask for: a file's bytes are there once the file was synced, its name once
its directory was. What was not synced may be there all the same, whole, in part or in another order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

SECTOR: Final = 512
"""Bytes that a disk writes at once or not at all."""

SHARED: Final = "-shm"
"""How files end that are memory shared between processes, and no data."""


class Record(msgspec.Struct, frozen=True):
    """One line of a journal: what was done, to which path, and what belongs to it."""

    kind: str
    path: str
    to: str = ""
    offset: int = 0
    data: bytes = b""


class Move(msgspec.Struct, frozen=True):
    """A change of names: of which file, in which directory, and what name goes."""

    file: File | None
    name: str = ""
    gone: str = ""

    @property
    def directory(self) -> str:
        """The directory whose sync makes it last."""
        return str(Path(self.name or self.gone).parent)

    def apply(self, names: dict[str, File | None]) -> None:
        """Make it in a table of names."""
        names.pop(self.gone, None)
        if self.name:
            names[self.name] = self.file


class File:
    """A file: its bytes on the disk, and what was written since it was last synced."""

    def __init__(self) -> None:
        self.durable = b""
        self.pending: list[Record] = []

    def sync(self) -> None:
        self.durable = _written(self.durable, self.pending)
        self.pending = []


class Disk:
    """The disk below one directory."""

    def __init__(self) -> None:
        self._now: dict[str, File | None] = {}
        self._names: dict[str, File | None] = {}
        self._moves: list[Move] = []

    def feed(self, record: Record) -> None:
        """Take one record."""
        match record.kind:
            case "C" | "M":
                made = self._now[record.path] = File() if record.kind == "C" else None
                self._moves.append(Move(made, record.path))
            case "R":
                moved = self._now[record.to] = self._now.pop(record.path)
                self._moves.append(Move(moved, record.to, record.path))
            case "U":
                self._moves.append(Move(self._now.pop(record.path, None), gone=record.path))
            case "S":
                self._sync(record.path)
            case _:
                file = self._now.get(record.path)
                if file is not None:
                    file.pending.append(record)

    def leave(self, directory: Path, root: str, rng: random.Random | None = None) -> None:
        """Write what a power cut would leave.

        Args:
            directory: Where to.
            root: The path that the directory takes the place of.
            rng: What was not synced is left or not as it draws; nothing of it is left when not given.
        """
        names = dict(self._names)
        if rng is not None:  # a file system keeps the order of names, and writes them when it likes
            for move in self._moves[: rng.randint(0, len(self._moves))]:
                move.apply(names)
        for path, file in names.items():
            place = directory / Path(path).relative_to(root)
            if path.endswith(SHARED):
                continue
            if file is None:
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(_written(file.durable, [] if rng is None else list(_torn(file.pending, rng))))

    def sync_all(self) -> None:
        """Sync everything, as if there were no cut."""
        for path in list(self._now):
            self._sync(path)
        for move in self._moves:
            move.apply(self._names)
        self._moves = []

    def _sync(self, path: str) -> None:
        file = self._now.get(path)
        if file is not None:
            file.sync()
            return
        for move in self._moves:
            if move.directory == path:
                move.apply(self._names)
        # A name that was moved away from there is not one that was made and never moved.
        gone = {move.gone for move in self._moves if move.directory == path} - {""}
        self._moves = [move for move in self._moves if move.directory != path and move.name not in gone]


def _written(content: bytes, records: list[Record]) -> bytes:
    bytes_now = bytearray(content)
    for record in records:
        if record.kind == "T":
            del bytes_now[record.offset :]
            bytes_now.extend(bytes(max(0, record.offset - len(bytes_now))))
            continue
        bytes_now.extend(bytes(max(0, record.offset - len(bytes_now))))
        bytes_now[record.offset : record.offset + len(record.data)] = record.data
    return bytes(bytes_now)


def _torn(records: list[Record], rng: random.Random) -> Iterator[Record]:
    """Yield some of what was written, some of it in part, in order."""
    for record in records:
        if record.kind == "T" or rng.random() < 0.5:
            if record.kind != "T" or rng.random() < 0.5:
                yield record
            continue
        for start in range(0, len(record.data), SECTOR):
            if rng.random() < 0.5:
                part = record.data[start : start + SECTOR]
                yield msgspec.structs.replace(record, offset=record.offset + start, data=part)


def read_journal(path: Path) -> list[Record]:
    """Read a recorder's journal."""
    raw, place, found = path.read_bytes(), 0, []
    while place < len(raw):
        end = raw.index(b"\n", place)
        kind, *fields = raw[place:end].decode().split("\t")
        place = end + 1
        if kind == "W":
            length = int(fields[2])
            found.append(Record("W", fields[0], offset=int(fields[1]), data=raw[place : place + length]))
            place += length + 1
        elif kind == "T":
            found.append(Record("T", fields[0], offset=int(fields[1])))
        else:
            found.append(Record(kind, *fields))
    return found
