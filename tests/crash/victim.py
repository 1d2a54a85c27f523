"""The program that is killed: a runtime on a scratch folder that goes through a script and acknowledges each step.

Run as ``python -m tests.crash.victim DIRECTORY [SEED]``. Each step is announced before it (``begin stop``) and
acknowledged after it (``end count 4 17``: the active revision, and the count when it serves). With a seed the steps are
drawn for ever.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from airssys_tui.api.commands import Command, Reload, Restart, Rollback, Start, Stop
from airssys_tui.core.errors import GateRefusal, NotServing, RollbackRefused, TransitionError, UsageError
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.revision import StatePolicy
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.settings import RuntimeSettings
from airssys_tui.store import failpoint
from tests.crash.script import RELEASES, STEPS, UNHEALTHY, Step

NAME = "counter"
SETTINGS = RuntimeSettings(watch=False, code_cache=100_000)
"""Nothing changes behind the script's back, and the code cache has room for one release, so that it evicts."""


class Victim:
    """A folder with the counter in it, its state directory and the runtime over both."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.folder = directory / "components"
        self.state_dir = directory / "state"
        self._runtime: EmbeddedRuntime | None = None

    @property
    def runtime(self) -> EmbeddedRuntime:
        assert self._runtime is not None, "it is open"
        return self._runtime

    def put(self, version: str) -> None:
        """Put a release in the folder, in one step: its directory is a link that is replaced."""
        self.folder.mkdir(exist_ok=True)
        aside = self._directory / "aside"
        aside.unlink(missing_ok=True)
        aside.symlink_to(RELEASES / version, target_is_directory=True)
        aside.replace(self.folder / "counter")

    @property
    def disk(self) -> str:
        """The version in the folder."""
        return (self.folder / "counter").readlink().name

    def take(self, step: Step) -> None:
        """Take one step."""
        match step.verb:
            case "open":
                self._runtime = EmbeddedRuntime.open(self.folder, state_dir=self.state_dir, settings=SETTINGS)
                assert self._runtime.wait_settled(30.0)
            case "count":
                self.runtime.invoke(NAME, "increment", 1).result(10.0)
            case "close":
                self.runtime.close()
            case "update" | "refused":
                self.put(step.version)
                self._submit(Reload(NAME))
            case _:
                self._submit(_command(step))

    def _submit(self, command: Command) -> None:
        with contextlib.suppress(GateRefusal, RollbackRefused, TransitionError):
            self.runtime.submit(command).result(30.0)

    def report(self) -> str:
        """Return the number of the active revision and the count, where there are any."""
        told = []
        with contextlib.suppress(NotServing, UsageError):
            told.append(self.runtime.describe(NAME).result(10.0).view.revision)
            told.append(self.runtime.invoke(NAME, "get").result(10.0))
        return " ".join(map(str, told))

    def any_steps(self, seed: int) -> Iterator[Step]:
        """Draw steps for ever that are legal one after the other."""
        rng = random.Random(seed)
        yield Step("open")
        stopped = next(iter(self.runtime.snapshot().components)).desired is Desired.STOPPED
        while True:
            verb = (
                "start" if stopped else rng.choice(("count", "count", "count", "update", "rollback", "restart", "stop"))
            )
            stopped = verb == "stop"
            version = rng.choice(("1.0.0", "1.1.0", UNHEALTHY, "1.4.0")) if verb == "update" else ""
            if version != self.disk:
                yield Step(verb, version)


def _command(step: Step) -> Command:
    match step.verb:
        case "rollback":
            return Rollback(NAME, to=step.to, state=StatePolicy(step.state))
        case "restart":
            return Restart(NAME)
        case "stop":
            return Stop(NAME)
        case _:
            return Start(NAME)


def record_passages() -> list[str]:
    """Replace the failpoint wherever it was imported by one that writes down its name."""
    passed: list[str] = []
    original = failpoint.failpoint
    for module in list(sys.modules.values()):
        if getattr(module, "failpoint", None) is original:
            module.failpoint = passed.append  # type: ignore[attr-defined]
    return passed


def main(directory: Path, seed: int | None = None) -> None:
    directory.mkdir(exist_ok=True)
    victim = Victim(directory)
    if not victim.folder.exists():
        victim.put("1.0.0")
    passed = record_passages() if "CRASH_DRY_RUN" in os.environ else []
    steps: Iterable[Step] = STEPS if seed is None else victim.any_steps(seed)
    for step in steps:
        print("begin", step.verb, flush=True)
        victim.take(step)
        print("end", step.verb, victim.report(), flush=True)
    print(*("passed " + name for name in passed), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
