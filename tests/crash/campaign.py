"""Kills without end: at each failpoint and at random moments, and after each one the next start is held to the model.

A process that was forked from one which has everything imported opens what the last one left, *calls* the component,
and goes on living until it is killed. So every start but a scene's first one is a recovery.
"""

from __future__ import annotations

import json
import os
import random
import re
import selectors
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.errors import StateAbsent, StoreError
from airssys_tui.store.audit.audit_reading import audit_page, verify_audit
from airssys_tui.store.catalog.migrating import migrate
from airssys_tui.store.catalog.migrations import MIGRATIONS
from airssys_tui.store.catalog.records import RevisionRecord
from airssys_tui.store.directory import StateDirectory, StateReader
from airssys_tui.store.disk import failpoint
from airssys_tui.store.disk.database import Database
from tests.crash.life import ALIVE, NAME, STOPPED, Life, Seen, artifact, count_in, in_folder, put
from tests.crash.model import BREAKING, FAULTY, GOOD, NOTE, UNHEALTHY, Operation, Truth, change, is_good, opened, passes

T = TypeVar("T")

OPENING: Final = "open"
CLOSING: Final = "close"
REPLACING: Final = frozenset({"update", "refuse", "fault"})
"""Operations that put other files in the folder."""

FRESH: Final = frozenset({"catalog/migrate/before-commit", "catalog/migrate/after-commit"})
"""Failpoints that only a new or an old state directory passes."""

MOST_OPERATIONS: Final = 40
"""Operations within which a failpoint has to be passed."""

ATTEMPTS: Final = 6
"""Lives in which a failpoint may be missed until it is given up."""

PER_SCENE: Final = 20
"""Kills in one state directory, one after the other."""

LEARNING: Final = 150
"""Operations from which it is learnt which of them pass which failpoints."""

WHOLE: Final = 1_000_000
"""More revisions than a scene can have: what is held to the model is the whole history, not its newest page."""

LIMIT: Final = 90.0
"""Seconds that one life may last."""


class Target(msgspec.Struct, frozen=True):
    """How a life is to end: at a failpoint, when one of these operations passes it, or at any moment.

    Attributes:
        point: The failpoint; empty for any moment.
        verbs: Operations that pass it.
        seed: What is done depends on nothing else.
        hit: The passage at which it is killed.
        aim: How likely an operation is one of those that pass it.
    """

    point: str
    verbs: tuple[str, ...]
    seed: int
    hit: int = 1
    aim: float = 0.7

    @property
    def early(self) -> bool:
        """Whether it is passed before the first operation."""
        return OPENING in self.verbs and (len(self.verbs) == 1 or self.seed % 4 == 0)


class Verdict(msgspec.Struct, frozen=True):
    """What came of one life.

    Attributes:
        target: How it was to end.
        killed: Whether it ended so.
        fault: What was not consistent; empty when all was.
        last: What it was doing.
        scene: Where it is to be seen, when something was not consistent.
    """

    target: Target
    killed: bool
    fault: str = ""
    last: str = ""
    scene: str = ""


class Inconsistency(AssertionError):
    """What was found is not what may be."""


class Remains(msgspec.Struct, frozen=True):
    """What a kill left on the disk."""

    truth: Truth
    history: tuple[RevisionRecord, ...]


# ---------------------------------------------------------------------- the life, in a child


def _live(directory: Path, target: Target, say: Callable[[dict[str, Any]], None]) -> None:
    life = Life(directory, target.seed)
    rng = random.Random(~target.seed)
    if target.point and target.early:
        failpoint.arm(f"{target.point}:{target.hit}")
    say({"begin": "open"})
    life.open()
    say({"end": msgspec.to_builtins(life.seen())})
    armed_from = rng.randrange(4)
    for number in range(MOST_OPERATIONS if target.point else 10_000):
        if number == armed_from and target.point and not target.early:
            failpoint.arm(f"{target.point}:{target.hit}")
        aimed = number >= armed_from and bool(target.point) and rng.random() < target.aim
        operation = life.draw(target.verbs if aimed else ())
        say({"begin": msgspec.to_builtins(operation)})
        life.do(operation)
        say({"end": msgspec.to_builtins(life.seen())})
    say({"begin": msgspec.to_builtins(Operation("close"))})
    life.do(Operation("close"))
    say({"closed": True})


def _in_child(body: Callable[[Callable[[dict[str, Any]], None]], None], log: Path) -> tuple[int, int]:
    """Fork; return the child and the end of the pipe on which its lines arrive."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(body, writing, log)
    os.close(writing)
    return pid, reading


def _child(body: Callable[[Callable[[dict[str, Any]], None]], None], writing: int, log: Path) -> NoReturn:
    code = 1
    try:
        errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(errors, 2)
        body(lambda line: os.write(writing, json.dumps(line).encode() + b"\n") and None)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it is told to who forked
        os.write(writing, json.dumps({"error": traceback.format_exc()}).encode() + b"\n")
    finally:
        os._exit(code)


def _listen(pid: int, reading: int, moment: float | None) -> Iterator[dict[str, Any]]:
    """Yield a child's lines until it has ended; kill it a moment after it is open, or when it lasts too long."""
    until, text = time.monotonic() + LIMIT, b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, until - time.monotonic())):
                os.kill(pid, signal.SIGKILL)
                until = time.monotonic() + LIMIT
            chunk = os.read(reading, 1 << 16)
            if not chunk:
                break
            *lines, text = (text + chunk).split(b"\n")
            for line in lines:
                told = json.loads(line)
                if moment is not None and "end" in told:
                    until, moment = time.monotonic() + moment, None
                yield told
    os.close(reading)


# ---------------------------------------------------------------------- the judge, in the parent


class Account:
    """What was acknowledged, and what may be found meanwhile.

    Attributes:
        truth: What was acknowledged last.
        stages: What may be found now.
        doing: What is being done.
    """

    def __init__(self) -> None:
        self.truth = Truth()
        self.stages: tuple[Truth, ...] = (self.truth,)
        self.doing = ""
        self._disk = self.truth.disk

    def hear(self, line: dict[str, Any]) -> None:
        """Take one line of a life.

        Raises:
            Inconsistency: If what is seen is not what is expected.
        """
        if "error" in line:
            raise Inconsistency(line["error"])
        if line.get("begin") == "open":
            self.doing, self._disk = "open", self.truth.disk
            self.stages = _openings(self.truth)
        elif "begin" in line:
            operation = msgspec.convert(line["begin"], Operation)
            self.doing = msgspec.json.encode(operation).decode()
            self.stages = passes(self.truth, operation)
            self._disk = operation.version if operation.verb in REPLACING else self.truth.disk
        elif "end" in line:
            self._acknowledge(msgspec.convert(line["end"], Seen))
        else:
            self.settle(self.stages[-1])

    def settle(self, truth: Truth) -> None:
        """Go on from here."""
        self.truth, self.stages = truth, (truth,)

    def _acknowledge(self, seen: Seen) -> None:
        expected = self.stages[-1]
        count = expected.count if seen.count is not None else None
        wanted = Seen(expected.version, expected.revision, expected.last, expected.desired, count)
        if seen != wanted:
            raise Inconsistency(f"{self.doing}: seen {seen}, expected {wanted}")
        if (seen.count is None) != (expected.desired == "stopped"):
            raise Inconsistency(f"{self.doing}: it does not run: {seen}")
        self.settle(change(expected, disk=self._disk))

    def recognise(self, found: Truth) -> None:
        """Find out which of the states that may be is there, and go on from it.

        Raises:
            Inconsistency: If it is none of them.
        """
        legal = [change(stage, disk=found.disk) for stage in self.stages]
        matching = [stage for stage in legal if _fits(found, stage)]
        if not matching:
            raise Inconsistency(f"{self.doing}: found {found}, legal {legal}")
        # The last that fits; it counts on from what was saved.
        self.settle(change(matching[-1], count=found.saved))


class Scene:
    """One state directory with everything that was acknowledged in it.

    Args:
        directory: Where; made anew.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.begin()

    def begin(self) -> None:
        """Begin with an empty state directory."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        put(self.directory / "components", GOOD[0])
        self.account = Account()
        self.history: tuple[RevisionRecord, ...] = ()

    def age(self) -> None:
        """Make the catalog what the first version of the program would have left."""
        age(self.directory / "state" / "catalog.db")
        shutil.rmtree(self.directory / "state" / "audit", ignore_errors=True)
        bad = frozenset(str(record.version) for record in self.history if record.outcome == "quarantined")
        self.account.settle(change(self.account.truth, pins=frozenset(), quarantined=bad, granted=0))
        self.history = ()

    def run(self, target: Target) -> Verdict:
        """Let one life be lived and ended, and judge it."""
        try:
            killed = self._run(target)
        except Inconsistency as error:
            return Verdict(target, killed=True, fault=str(error), last=self.account.doing, scene=str(self.directory))
        return Verdict(target, killed=killed, last=self.account.doing)

    def _run(self, target: Target) -> bool:
        if target.point in FRESH:
            self.age() if target.seed % 2 and self.account.truth.version is not None else self.begin()
        elif target.early and target.point.startswith("catalog/bind-folder"):
            self.begin()
        rng = random.Random(target.seed + 1)
        moment = None if target.point else rng.uniform(0.0, 0.6)
        pid, reading = _in_child(lambda say: _live(self.directory, target, say), self.directory / "errors")
        closed = False
        try:
            for line in _listen(pid, reading, moment):
                closed = closed or "closed" in line
                self.account.hear(line)
        except Inconsistency:
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if not killed and not closed:
            raise Inconsistency(f"it ended by itself ({status})")
        self._look()
        if closed:
            check_settled(self.directory)
        return killed

    def _look(self) -> None:
        """Compare what is on the disk now with what may be; go on from there."""
        disk = in_folder(self.directory / "components")
        found = remains(self.directory, disk)
        if found is None:  # between two migrations: the next start will say
            self.account.settle(change(self.account.truth, count=self.account.truth.saved))
            return
        _check_appended(self.history, found.history)
        self.account.recognise(found.truth)
        self.history = found.history


def _openings(truth: Truth) -> tuple[Truth, ...]:
    """Return what may be found after a kill in a start: what was, the deployment of what is on disk, what follows."""
    after = opened(truth)
    if after.last == truth.last:
        return (truth, after)
    verb = "update" if is_good(truth, truth.disk) else "refuse"
    return (truth, *passes(change(truth, count=truth.saved), Operation(verb, truth.disk)))


def _fits(found: Truth, stage: Truth) -> bool:
    """Return whether what was found is a stage; it may be one number ahead in the middle of a deployment."""
    same = change(found, count=stage.count, stable=stage.stable, forgotten=stage.forgotten)
    return same == stage and stage.stable <= found.stable


def _check_appended(before: tuple[RevisionRecord, ...], after: tuple[RevisionRecord, ...]) -> None:
    """Check that a history was only added to."""
    now = {record.number: record for record in after}
    if sorted(now) != list(range(1, len(now) + 1)):
        raise Inconsistency(f"numbers are missing: {sorted(now)}")
    for record in before:
        kept = now.get(record.number)
        fixed = ("digest", "manifest", "manifest_digest", "cause", "who", "created_at", "size", "version", "origin")
        if kept is None or any(getattr(kept, name) != getattr(record, name) for name in fixed):
            raise Inconsistency(f"r{record.number} was {record}, and is {kept}")
        if record.activated_at is not None and kept.activated_at != record.activated_at:
            raise Inconsistency(f"r{record.number} took over at {record.activated_at}, and at {kept.activated_at}")


def remains(directory: Path, disk: str) -> Remains | None:
    """Read what a kill left, before anything is started, and check what holds at every moment.

    Returns:
        What is there; nothing for a catalog that has a migration before it.
    """
    try:
        reader = StateDirectory.open_readonly(directory / "state")
    except StateAbsent:
        return Remains(Truth(disk=disk), ())
    except Exception as error:
        version, empty = _schema(directory / "state" / "catalog.db")
        if version < MIGRATIONS[-1].version:
            return Remains(Truth(disk=disk), ()) if empty else None
        raise Inconsistency(f"it cannot be read: {error}") from error
    with reader:
        reader.catalog.integrity()
        history = reader.catalog.revisions(NAME, limit=WHOLE)
        _check_history(reader, history)
        _check_rights(reader)
        return Remains(_truth(reader, history, disk), history)


def _schema(catalog: Path) -> tuple[int, bool]:
    """Return the version of a catalog's schema, and whether nothing was ever recorded in it."""
    connection = sqlite3.connect(catalog)
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        return version, "revisions" not in tables or not connection.execute("SELECT 1 FROM revisions").fetchall()
    finally:
        connection.close()


def _truth(reader: StateReader, history: tuple[RevisionRecord, ...], disk: str) -> Truth:
    catalog = reader.catalog
    active = next((record for record in history if record.outcome == "active"), None)
    versions = {record.digest: str(record.version) for record in history}
    own = [info for info in catalog.snapshots(NAME) if info.cause != "import"]
    component = catalog.component(NAME)
    return Truth(
        version=active.version if active is not None else None,
        revision=active.number if active is not None else None,
        last=len(history),
        saved=count_in(catalog.snapshot(own[0].id).data) if own else 0,
        disk=disk,
        held=frozenset(str(hold.version) for hold in catalog.holds(NAME)),
        refused=frozenset(versions[refusal.digest] for refusal in catalog.refusals(NAME)),
        quarantined=frozenset(str(r.version) for r in history if "quarantined" in {r.outcome, r.purged_from}),
        desired=component.desired if component is not None else "running",
        pins=frozenset(pin.revision for pin in catalog.pins(NAME)),
        notes=tuple(sorted((r.number, r.note) for r in history if r.note.startswith(NOTE))),
        stable=frozenset(r.number for r in history if r.stable),
        granted=len(reader.grants.standing_grants("")),
    )


def _check_rights(reader: StateReader) -> None:
    """Check that every answer in the catalog is in the audit, and that the audit is what was written."""
    found = verify_audit(reader.audit, reader.grants.audit_head(), base=reader.grants.audit_base())
    if found.fault is not None:
        raise Inconsistency(f"entry {found.fault.entry} of the audit: {found.fault.what}")
    head = reader.grants.audit_head().count
    entries = [entry for entry in audit_page(reader.audit, limit=WHOLE) if entry.n <= head]
    undone = {n for entry in entries if entry.kind is AuditKind.NOT_DONE for n in _numbers(entry.text)}
    grants = reader.grants.grants(limit=WHOLE)
    done = {
        AuditKind.GRANTED: len(grants),
        AuditKind.USED_ONCE: sum(grant.used_at is not None for grant in grants),
        AuditKind.REVOKED: sum(grant.revoked_at is not None for grant in grants),
    }
    told = {kind: sum(entry.kind is kind and entry.n not in undone for entry in entries) for kind in done}
    if told != done:
        raise Inconsistency(f"the catalog has {done}, the audit tells of {told}; not done: {sorted(undone)}")


def _numbers(text: str) -> set[int]:
    """Return the entries that an entry says were not done; a runtime that was killed again says it again."""
    named = text.rpartition(":")[2] if "took effect" in text else text.partition(" was ")[0]
    return {int(number) for number in re.findall(r"[0-9]+", named)}


def _check_history(reader: StateReader, history: tuple[RevisionRecord, ...]) -> None:
    active = [record for record in history if record.outcome == "active"]
    served = [record for record in history if record.activated_at is not None]
    if len(active) > 1 or bool(active) != bool(served):
        raise Inconsistency(f"active: {active} of {len(served)} that served")
    for record in served:
        if record.version == UNHEALTHY or (record.version == BREAKING and record.number > 1):
            raise Inconsistency(f"r{record.number} served, and failed a gate")
        if record.outcome != "purged":
            _check_code(reader, record)
    under_way = {deployment.revision for deployment in reader.catalog.unfinished()}
    if not {record.number for record in history if record.outcome == "candidate"} <= under_way:
        raise Inconsistency("a candidate belongs to no deployment")


def check_settled(directory: Path) -> None:
    """Check what a life that was closed in order has left.

    Raises:
        Inconsistency: If anything is left over.
    """
    with StateDirectory.open_readonly(directory / "state") as reader:
        catalog = reader.catalog
        if catalog.unfinished() or any(record.outcome == "candidate" for record in catalog.revisions(NAME)):
            raise Inconsistency("a deployment is still under way after everything was closed")
    leftovers = [path for kept in ("blobs", "code") for path in (directory / "state" / kept / "unfinished").iterdir()]
    if leftovers:
        raise Inconsistency(f"unfinished files are left: {leftovers}")


def _check_code(reader: StateReader, record: RevisionRecord) -> None:
    try:
        reader.blobs.get(record.digest)
    except StoreError as error:
        raise Inconsistency(f"the code of r{record.number} ({record.outcome}) is not kept: {error}") from error


RENAMED: Final = {"ledger": "decisions"}
"""Tables of the first schema that have another name now."""


def age(catalog: Path) -> None:
    """Bring a catalog back to the first schema, with everything that one knows."""
    old = catalog.with_name("old.db")
    old.unlink(missing_ok=True)
    database = Database(old)
    migrate(database, MIGRATIONS[:1])
    database.close()
    with sqlite3.connect(old) as connection:
        connection.execute("ATTACH ? AS new", (str(catalog),))
        connection.execute("PRAGMA foreign_keys = OFF")
        names = [n for (n,) in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
        for name in names:
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({name})"))
            connection.execute(f"DELETE FROM main.{name}")
            connection.execute(
                f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM new.{RENAMED.get(name, name)}"
            )
        connection.execute("DELETE FROM main.facts WHERE name LIKE 'audit-%'")
    connection.close()
    for suffix in ("-wal", "-shm"):
        catalog.with_name(catalog.name + suffix).unlink(missing_ok=True)
    old.replace(catalog)
    for suffix in ("-wal", "-shm"):
        old.with_name(old.name + suffix).unlink(missing_ok=True)


# ---------------------------------------------------------------------- the plan


def learn(directory: Path, seed: int = 0) -> Mapping[str, tuple[str, ...]]:
    """Do everything once without dying, and return which operations pass which failpoints."""
    scene = Scene(directory)

    def body(say: Callable[[dict[str, Any]], None]) -> None:
        passed = record_passages()
        life = Life(directory, seed)
        drawn = random.Random(seed).choices((*ALIVE, *STOPPED), k=LEARNING)
        steps: Iterable[str] = (
            OPENING,
            "update",
            "rollback",
            "update",
            "moot",
            *sorted({*ALIVE, *STOPPED}),
            *drawn,
            CLOSING,
            OPENING,
            CLOSING,
        )
        for verb in steps:
            _step(life, verb, say, passed)

    pid, reading = _in_child(body, directory / "errors")
    verbs: dict[str, set[str]] = {}
    for line in _listen(pid, reading, None):
        if "error" in line:
            raise RuntimeError(line["error"])
        for point in line["passed"]:
            verbs.setdefault(point, set()).add(line["verb"])
    os.waitpid(pid, 0)
    shutil.rmtree(scene.directory)
    return {point: tuple(sorted(found)) for point, found in sorted(verbs.items())}


def record_passages() -> list[str]:
    """Replace the failpoint wherever it was imported by one that writes down its name."""
    passed: list[str] = []
    original = failpoint.failpoint
    for module in list(sys.modules.values()):
        if getattr(module, "failpoint", None) is original:
            module.failpoint = passed.append  # type: ignore[attr-defined]
    return passed


def _step(life: Life, verb: str, say: Callable[[dict[str, Any]], None], passed: list[str]) -> None:
    if verb == OPENING:
        life.open()
    elif verb == CLOSING:
        life.do(Operation(CLOSING))
    else:
        operation = life.draw((verb,))
        life.do(operation)
        verb = "undo" if operation.undo else operation.verb
    say({"verb": verb, "passed": sorted(set(passed))})
    passed.clear()


def plan(passing: Mapping[str, tuple[str, ...]], kills: int, each: int, seed: int) -> list[Target]:
    """Return how lives are to end: at each failpoint so many times, and the others at any moment.

    Args:
        passing: The operations that pass each failpoint.
        kills: How many at least.
        each: How many at each failpoint; when these are more than there are kills, a quarter of that comes on top at
            any moment.
        seed: Of everything that is drawn.
    """
    rng = random.Random(seed)
    seeds = iter(rng.sample(range(10**9), len(passing) * each + kills))
    targets = [
        Target(point, verbs, next(seeds), rng.choice((1, 1, 2)))
        for point, verbs in passing.items()
        for _ in range(each)
    ]
    targets += [Target("", (), next(seeds)) for _ in range(max(kills // 4, kills - len(targets)))]
    rng.shuffle(targets)
    return targets


def warm() -> None:
    """Make every component once, so that the forked processes need not."""
    for version in (*GOOD, BREAKING, UNHEALTHY, f"{FAULTY}0"):
        artifact(version).wasm()


def apart(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a process of its own: one that has run nothing yet may be forked."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=warm) as pool:
        return pool.submit(function, *arguments).result()


def lives(targets: Iterable[Target], directory: Path) -> list[Verdict]:
    """Live and end one life after the other in one scene; a new one is begun where something was not consistent."""
    verdicts: list[Verdict] = []
    scene = Scene(directory / "scene-0")
    for target in targets:
        for attempt in range(ATTEMPTS):
            # What is passed rarely needs more of what leads to it.
            again = {"hit": 1, "aim": 0.35} if attempt else {}
            verdicts.append(scene.run(msgspec.structs.replace(target, seed=target.seed + attempt, **again)))
            if verdicts[-1].fault or verdicts[-1].killed:
                break
        if verdicts[-1].fault:
            scene = Scene(directory / f"scene-{len(verdicts)}")
    shutil.rmtree(scene.directory)
    return verdicts
