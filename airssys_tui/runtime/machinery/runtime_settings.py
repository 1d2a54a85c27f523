"""What can be chosen about a runtime when it is opened."""

from __future__ import annotations

import msgspec

from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.sources.settle import QUIET


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one runtime.

    Attributes:
        watch: Whether the folder is watched for changes after the first scan.
        deploys: Whether the first scan deploys what it finds; else it is only known what is there.
        workers: Worker threads; the number of cores when not given.
        quiet: Seconds without a change after which a component's files are settled.
        sample: Seconds between two samples of the meters.
        shutdown: Seconds that leaving may take.
        parallel_deploys: Components that are started or deployed at the same time.
        code_cache: Bytes of compiled code that are kept.
        collect_every: Seconds between two collections of what no rule of retention keeps; 0 for none by itself.
        disk_check: Seconds between two looks at the room on the disk.
        engine: How the engine is set up.
    """

    watch: bool = True
    deploys: bool = True
    workers: int | None = None
    quiet: float = QUIET
    sample: float = 1.0
    shutdown: float = 5.0
    parallel_deploys: int = 4
    code_cache: int = 1024 * 1024 * 1024
    collect_every: float = 300.0
    disk_check: float = 5.0
    engine: EngineSettings = EngineSettings()
