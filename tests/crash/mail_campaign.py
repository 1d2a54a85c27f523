"""Kills of a runtime whose components send each other durable messages: each that was accepted is handled after all.

One life after the other goes on with what the last one left. In each, two components send a third one messages, and
each message that the sender's call accepted is told to the judge before the next one is sent. A message says under
which key the receiver is to count its delivery in its storage; some trap it at the first delivery, and some always:
those have to be dead letters in the end. A life ends by a kill: at a failpoint, or after so many messages.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from airssys_tui.core.errors import CallDropped, NotServing
from airssys_tui.core.traps import GuestTrap
from airssys_tui.store.disk import failpoint
from tests.support.postmen import Postmen
from tests.support.world import World

SENDERS: Final = ("ann", "eve")
POINTS: Final = tuple(
    f"{failpoint.MAIL}/{name}/{side}-commit"
    for name in ("accept", "bury", "count-attempts", "remove", "revive")
    for side in ("before", "after")
)
MOST: Final = 60
"""Messages of one sender in one life at most."""

ALWAYS_TRAPS: Final = "trap"
_MANIFEST: Final = """[resources]
messages_per_second = 100000
[supervision]
max_restarts = 1000
backoff = {initial = "10ms", max = "10ms"}
[deployment]
probation = "0s"
"""


class Losses(msgspec.Struct, frozen=True):
    """What came of a campaign.

    Attributes:
        kills: Lives that were ended by a kill.
        accepted: Messages that were accepted.
        lost: Those of them that were never handled.
        missing: Dead letters that are not there.
    """

    kills: int
    accepted: int
    lost: tuple[str, ...]
    missing: int


def mail_campaign(directory: Path, points: Sequence[str], seed: int) -> Losses:
    """Live once for each failpoint, or until any moment if it is empty; then see what was handled.

    Runs in a process of its own: one that has run nothing yet may be forked.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_campaign, directory, points, seed).result()


def _campaign(directory: Path, points: Sequence[str], seed: int) -> Losses:
    chance = random.Random(seed)
    directory.mkdir()
    postmen = Postmen(World(directory))
    for name in (*SENDERS, "bob"):
        postmen.put(name, _MANIFEST)
    accepted: list[str] = []
    kills = 0
    for life, point in enumerate(points):
        kills += _lived(directory, f"{seed}.{life}", point, chance, accepted)
    return _judged(directory, accepted, kills)


def _lived(directory: Path, life: str, point: str, chance: random.Random, accepted: list[str]) -> bool:
    """Live one life in a child; return whether it was killed."""
    reads, writes = os.pipe()
    draws, hit = chance.randrange(2**32), chance.randrange(1, 4)
    child = os.fork()
    if not child:
        os.close(reads)
        if point:
            failpoint.arm(f"{point}:{1 if 'count' in point or 'revive' in point else hit}")
        _live(directory, life, draws, writes)
    os.close(writes)
    last = chance.randrange(1, MOST) if not point else -1
    with os.fdopen(reads, "r") as pipe:
        for number, line in enumerate(pipe):
            accepted.append(line.rstrip("\n"))
            if number == last:
                os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def _live(directory: Path, life: str, draws: int, writes: int) -> NoReturn:
    try:
        postmen = Postmen(World(directory))
        post = postmen.world.open(workers=2).probe.system.post
        for dead in post.dead.read()[:2]:
            post.revive(post.dead.take(dead.id) or dead)
        senders = [
            threading.Thread(target=_send, args=(postmen, name, list(_bodies(f"{life}.{name}", draws)), writes))
            for name in SENDERS
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        postmen.world.close()
    except BaseException:  # noqa: BLE001 - the end of a child process
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _bodies(start: str, draws: int) -> Iterator[str]:
    chance = random.Random(f"{draws} {start}")
    for number in range(MOST):
        kind = chance.randrange(20)
        if not kind:
            yield ALWAYS_TRAPS
        else:
            yield f"{'keep-trap' if kind == 1 else 'keep'} {start}.{number}"


def _send(postmen: Postmen, sender: str, bodies: Sequence[str], writes: int) -> None:
    for body in bodies:
        with suppress(GuestTrap, CallDropped, NotServing):
            if postmen.send_with(sender, "bob", body, guarantee="durable") is None:
                os.write(writes, f"{body}\n".encode())


def _judged(directory: Path, accepted: Sequence[str], kills: int) -> Losses:
    postmen = Postmen(World(directory))
    world = postmen.world
    post = world.open(workers=2).probe.system.post
    try:
        world.wait_for(lambda _: not post.durable.waiting("bob"))
        keys = [body.partition(" ")[2] for body in accepted if body != ALWAYS_TRAPS]
        lost = tuple(key for key in keys if not postmen.kept("bob", key))
        return Losses(kills, len(accepted), lost, max(0, accepted.count(ALWAYS_TRAPS) - len(postmen.dead())))
    finally:
        world.close()
