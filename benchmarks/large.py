"""Large components: how long from the drop of their files until they serve, beside compiling them alone."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from unittest.mock import patch

from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.core.revision import Tier
from airssys_tui.engine.compiler import compile_in_child
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.store.paths import CACHE_VARIABLE
from benchmarks.clock import Effort
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch
from tests.support.places import FIXTURES
from tests.support.toolchains import has_python_toolchain, python_zoo

JAVASCRIPT = FIXTURES / "zoo" / "zoo-javascript.wasm"
ROOMY = 'fuel_per_call = "unlimited"\nmemory = "200MiB"'


def large(_: Effort) -> Iterator[Row]:
    """From the drop of a JavaScript and a Python component until they serve, in both tiers; caches are empty."""
    yield _row("large/javascript", JAVASCRIPT.read_bytes(), Tier.OPTIMISED)
    if has_python_toolchain():
        for tier in Tier:
            yield _row(f"large/python-{tier}", python_zoo(), tier)


def _row(name: str, wasm: bytes, tier: Tier) -> Row:
    alone = _alone(wasm, tier)
    return beside(name, _served(wasm, tier), "s", "the compile child alone", alone)


def _alone(wasm: bytes, tier: Tier) -> float:
    began = time.perf_counter()
    compile_in_child(wasm, EngineSettings(tier=tier))
    return time.perf_counter() - began


def _served(wasm: bytes, tier: Tier) -> float:
    """Return the seconds from a rename into the watched folder until the component's row says that it runs."""
    settings = RuntimeSettings(sample=3600.0, tier=TierChoice(asked=tier))
    with tempfile.TemporaryDirectory() as cache, patch.dict(os.environ, {CACHE_VARIABLE: cache}), scratch() as place:
        put_component(place, "large", wasm, ROOMY)
        home, aside = place / "components" / "large", place / "large"
        home.rename(aside)
        with running(place, settings) as runtime:
            began = time.perf_counter()
            aside.rename(home)
            return _until_it_runs(runtime) - began


def _until_it_runs(runtime: EmbeddedRuntime) -> float:
    end = time.perf_counter() + PATIENCE
    while not any(row.state == "running" for row in runtime.snapshot().components):
        if time.perf_counter() > end:
            raise TimeoutError(f"it does not serve within {PATIENCE} s")
        time.sleep(0.005)
    return time.perf_counter()
