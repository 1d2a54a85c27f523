"""The settings of a runtime, chosen when it is opened."""

from __future__ import annotations

import msgspec

from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.sources.reading_threads import PATIENCE
from airssys_tui.runtime.sources.settle import QUIET


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one runtime.

    Attributes:
        watch: Whether the folder is watched after the first scan.
        deploys: Whether the first scan deploys what it finds; otherwise it only notes what is there.
        workers: Worker threads; the number of cores if not given.
        quiet: Seconds without a change until a component's files are settled.
        reading: Seconds that reading the files of one component may take; it is tried again after that.
        sample: Seconds between samples of the meters.
        shutdown: Seconds that closing may take.
        parallel_deploys: Components started or deployed at the same time; of large ones fewer.
        code_cache: Bytes of compiled code kept on disk.
        collect_every: Seconds between collections of what no retention rule keeps; 0 turns them off.
        disk_check: Seconds between checks for free space while the disk is full.
        engine: How the engine is set up.
        tier: Which tier of code components get.
        policy: What a policy file says, under which nobody is asked; None without one.
        policy_file: The path of the policy file; empty without one.
        http: Addresses at which requests for components come in, in place of those that the folder names; if there are
            any.
        program_path: Absolute directories in which programs for components are searched by name; None for the usual
            ones.
    """

    watch: bool = True
    deploys: bool = True
    workers: int | None = None
    quiet: float = QUIET
    reading: float = PATIENCE
    sample: float = 1.0
    shutdown: float = 5.0
    parallel_deploys: int = 64
    code_cache: int = 1024 * 1024 * 1024
    collect_every: float = 300.0
    disk_check: float = 5.0
    engine: EngineSettings = EngineSettings()
    tier: TierChoice = TierChoice()
    policy: PolicySource | None = None
    policy_file: str = ""
    http: tuple[ListenAddress, ...] = ()
    program_path: tuple[str, ...] | None = None
