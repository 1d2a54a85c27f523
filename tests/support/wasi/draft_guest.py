"""A guest of the drafts of WASI, with a storage in memory and a guard by the rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from airssys_tui.core.events import Level
from airssys_tui.core.keyvalue import WriteTerms
from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostInterface
from airssys_tui.engine.linker import Linker
from airssys_tui.host.catalogue import DRAFTS
from airssys_tui.store.keyvalues.overlay import Overlay
from tests.support.guarded import RuledGuard
from tests.support.wasi.wasi_desk import PATIENT, PlainTenant, WasiDesk

VERSIONS = ("0.2.0-draft", "0.2.0-draft2")
STORE, BUCKET, BATCH, ATOMICS = (
    "keyvalue/store#",
    "keyvalue/store#[method]bucket.",
    "keyvalue/batch#",
    "keyvalue/atomics#",
)
READ_WRITE = "storage:read-write"


def drafts_of(package: str, version: str) -> list[str]:
    """Return the names of the interfaces of a draft, such as ``keyvalue/store@0.2.0-draft``."""
    names = [face.name.removeprefix("wasi:") for face in DRAFTS]
    return [name for name in names if name.startswith(f"{package}/") and name.partition("@")[2] == version]


@lru_cache(maxsize=1)
def _linked(engine: Engine) -> Linker:
    return engine.linker(DRAFTS)


@lru_cache(maxsize=8)
def _compiled(engine: Engine, guest: bytes) -> Code:
    code = engine.compile(guest)
    assert _linked(engine).problems(code.interface) == ()
    return code


class OpenGuard(RuledGuard):
    """A guard that decides each use of the storage by itself."""

    open_storage = None


class DraftGuest(WasiDesk):
    """A guest of interfaces that are drafts.

    Args:
        engine: The engine.
        called: The interfaces.
        granted: Permissions that are declared and granted.
        storage: Its storage; an empty one in memory if None.
        quota: Bytes that it may store.
        config: Its configuration: keys and JSON texts.
        limits: Its limits.

    Attributes:
        logged: What it logged.
        troubles: What the operator was told.
    """

    def __init__(
        self,
        engine: Engine,
        called: Sequence[str],
        *granted: str,
        storage: Any = None,
        quota: int = 10_000_000,
        config: tuple[tuple[str, str], ...] = (),
        limits: Limits = PATIENT,
    ) -> None:
        self.guard = OpenGuard(*granted)
        self.storage = Overlay() if storage is None else storage
        self.logged: list[tuple[Level, str, list[tuple[str, str]]]] = []
        self.troubles: list[str] = []
        tenant = PlainTenant(
            guard=self.guard,
            storage=self.storage,
            storage_terms=WriteTerms(quota),
            config=config,
            log=lambda level, message, fields: self.logged.append((level, message, list(fields))),
            trouble=self.troubles.append,
        )
        super().__init__(engine, DRAFTS, tenant=tenant, limits=limits, called=called)
        self.bucket = 0

    def _prepared(self, engine: Engine, _interfaces: Sequence[HostInterface], guest: bytes) -> tuple[Linker, Code]:
        return _linked(engine), _compiled(engine, guest)

    def open(self, identifier: str = "default") -> Any:
        """Open a bucket, which is used from then on."""
        answer = self.call(f"{STORE}open", identifier)
        self.bucket = answer.value
        return answer

    def do(self, function: str, *arguments: Any) -> Any:
        """Call a function of the bucket: a method, or one of ``batch`` or ``atomics``."""
        return self.call(function if "#" in function else BUCKET + function, self.bucket, *arguments)
