"""The program whose disk is recorded: ``python -m tests.crash.power.victim DIRECTORY SEED [files|catalog]``.

It writes what it begins and what it has done into a file beside its state directory, so that the recorder has both in
one order. With a third word it is careless and does not sync its files, or lets SQLite not sync. A test has to notice.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.store.disk import database, durable
from tests.crash.life import Life, put
from tests.crash.model import GOOD, Operation

WORDS: Final = "words"
"""The file that it tells what it does."""

OPERATIONS: Final = 60


def main(directory: Path, seed: int, careless: str = "") -> None:
    """Live for a while in a directory that is recorded."""
    if careless == "files":
        durable.os = _Forgetful()  # type: ignore[attr-defined]
    elif careless == "catalog":
        connect = database.connect

        def unsynced(path: Path) -> Any:
            connection = connect(path)
            connection.execute("PRAGMA synchronous = OFF")
            return connection

        database.connect = unsynced
    put(directory / "components", GOOD[0])
    words = os.open(directory / WORDS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(line: dict[str, Any]) -> None:
        os.write(words, json.dumps(line).encode() + b"\n")

    life = Life(directory, seed)
    for begin in (0, OPERATIONS // 2):
        say({"begin": "open"})
        life.open()
        say({"end": msgspec.to_builtins(life.seen())})
        for _ in range(begin, begin + OPERATIONS // 2):
            operation = life.draw()
            say({"begin": msgspec.to_builtins(operation)})
            life.do(operation)
            say({"end": msgspec.to_builtins(life.seen())})
        say({"begin": msgspec.to_builtins(Operation("close"))})
        life.do(Operation("close"))
        say({"closed": True})


class _Forgetful:
    """The operating system, without its promise that what was synced is there."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    @staticmethod
    def fsync(_: int) -> None:
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
