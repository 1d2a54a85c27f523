"""The contents of a manifest as frozen values with their defaults; ``core.manifest`` reads and digests them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from airssys_tui.core.identity import DEFAULT_NAMESPACE, ComponentId
from airssys_tui.core.keyvalue import Durability
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.capabilities import Capabilities
from airssys_tui.core.message import Overflow
from airssys_tui.core.probation import STABLE_AFTER, Regression
from airssys_tui.core.revision import Tier
from airssys_tui.core.supervision import Supervision
from airssys_tui.core.units import MIB


class ComponentKind(StrEnum):
    """How a component is run."""

    ACTOR = "actor"
    PASSIVE = "passive"
    COMMAND = "command"


class Strategy(StrEnum):
    """How a new revision takes over.

    ``blue-green`` starts it next to the old one; ``stop-start`` drains, saves and retires the old one first, for
    components that must not run twice. ``canary`` is reserved; no runtime offers it yet.
    """

    STOP_START = "stop-start"
    BLUE_GREEN = "blue-green"
    CANARY = "canary"


class PackageSection(msgspec.Struct, frozen=True, kw_only=True):
    """``[package]``: the component's identity and authorship."""

    name: str
    namespace: str = DEFAULT_NAMESPACE
    version: str | None = None
    description: str = ""
    authors: tuple[str, ...] = ()
    license: str = ""
    homepage: str = ""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """``[component]``: the wasm file, relative to the manifest, how it is run, and what it is given.

    Attributes:
        wasm: The file.
        kind: How it is run; None means derived from its exports.
        args: Arguments for a component that asks WASI for them, without the name of the program.
    """

    wasm: str
    kind: ComponentKind | None = None
    args: tuple[str, ...] = ()


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """``[build]``: the command to run when a file that matches one of the globs changes."""

    command: str | None = None
    watch: tuple[str, ...] = ()


class EngineChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[engine]`` section.

    Attributes:
        tier: How it is compiled; None for the operator's setting.
    """

    tier: Tier | None = None


class HealthPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """``[health]``: seconds between probes, timeout of a probe, and consecutive failures that count as unhealthy."""

    interval: float = 5.0
    timeout: float = 1.0
    failures: int = 3


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """Rising shares of the calls in percent, and the seconds each is kept."""

    steps: tuple[int, ...] = (5, 25, 50)
    step: float = 10.0


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """``[deployment]``: takeover strategy, seconds of probation, traps tolerated in it, revisions kept.

    ``stable_after`` is the number of calls that a revision has to serve before it can be stable.
    """

    strategy: Strategy = Strategy.BLUE_GREEN
    probation: float = 10.0
    traps: int = 1
    stable_after: int = STABLE_AFTER
    regression: Regression = Regression()
    keep: int = 10
    canary: Canary = Canary()


class StateKeeping(msgspec.Struct, frozen=True, kw_only=True):
    """``[state]``: what is kept of a running component.

    Attributes:
        snapshot_every: Seconds between two snapshots of its state; None disables the timer.
        record: Calls that are recorded for replays, the last ones; 0 for none.
    """

    snapshot_every: float | None = None
    record: int = 0


class ConfigEntry(msgspec.Struct, frozen=True):
    """One key of ``[config]`` and its value as JSON text."""

    key: str
    value: str


class Dependency(msgspec.Struct, frozen=True):
    """A required component, and the versions of it that are accepted."""

    name: str
    requirement: str


class HttpService(msgspec.Struct, frozen=True, kw_only=True):
    """``[http]``: the requests that a component answers which exports ``wasi:http/incoming-handler``.

    Attributes:
        routes: Paths, in the one spelling of ``core.pattern.route_pattern``; none if it is not to be reached.
        hosts: The hosts at which these are its paths; empty for any.
        max_body: Bytes of the body of a request at most.
        requests_per_instance: Requests after which a fresh instance takes over; 0 for never.
    """

    routes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    max_body: int = 10 * MIB
    requests_per_instance: int = 0


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """``[security]``: an Ed25519 key and signature, as written, and what happens when something is not granted.

    ``wait_for_answer`` is the number of seconds that a call waits for the operator's answer; 0 denies at once.
    """

    public_key: str | None = None
    signature: str | None = None
    wait_for_answer: float = 0.0


class Preopen(msgspec.Struct, frozen=True):
    """A directory that is open from the start.

    Attributes:
        guest: The component's name of it, such as ``/data``.
        host: The directory of the machine, an absolute path. What may be done in it is a matter of capabilities.
    """

    guest: str
    host: str


class WasiSection(msgspec.Struct, frozen=True, kw_only=True):
    """``[wasi]``: what a component finds around it as a program of WASI; directories in the order of the manifest."""

    preopens: tuple[Preopen, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a ``Component.toml``. msgspec serialises it as JSON.

    Collections whose order has no meaning (capabilities, config, dependencies, routes) are sorted. ``durability`` and
    ``overflow`` (the key ``mailbox_overflow``) are keys of ``[resources]``, next to the limits.
    """

    package: PackageSection
    artifact: Artifact
    build: Build = Build()
    engine: EngineChoice = EngineChoice()
    capabilities: Capabilities = Capabilities()
    limits: Limits = Limits()
    durability: Durability = Durability.NORMAL
    overflow: Overflow = Overflow.REJECT
    supervision: Supervision = Supervision()
    health: HealthPolicy = HealthPolicy()
    deployment: Deployment = Deployment()
    state: StateKeeping = StateKeeping()
    config: tuple[ConfigEntry, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    http: HttpService = HttpService()
    security: Security = Security()
    wasi: WasiSection = WasiSection()

    @property
    def id(self) -> ComponentId:
        """The component's identity."""
        return ComponentId(self.package.namespace, self.package.name)

    @property
    def version(self) -> str | None:
        """The component's version, if the manifest gives one."""
        return self.package.version

    def config_values(self) -> dict[str, Any]:
        """Return the values of ``[config]``, decoded."""
        return {entry.key: msgspec.json.decode(entry.value) for entry in self.config}
