"""A runtime on a scratch folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings

SAMPLES: Final = Path(__file__).parents[1] / "sample_components"
RELEASES: Final = SAMPLES / ".releases" / "counter"
SETTINGS: Final = RuntimeSettings(watch=False)
"""Changes are told, not watched for: what is measured begins when a change has settled."""

PATIENCE: Final = 120.0
"""Seconds after which something is broken, not slow."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a directory with an empty ``components`` in it; it goes away with the block."""
    directory = Path(tempfile.mkdtemp(prefix="airssys-bench-"))
    try:
        (directory / "components").mkdir()
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def running(directory: Path, settings: RuntimeSettings = SETTINGS) -> Iterator[EmbeddedRuntime]:
    """Run what is in ``components``, with the state beside it."""
    runtime = EmbeddedRuntime.open(directory / "components", state_dir=directory / "state", settings=settings)
    try:
        if not runtime.wait_settled(PATIENCE):
            raise TimeoutError(f"the runtime has not settled within {PATIENCE} s")
        yield runtime
    finally:
        runtime.close()


def put_component(directory: Path, name: str, wasm: bytes, resources: str = "") -> None:
    """Put a component with a manifest in the folder."""
    home = directory / "components" / name
    home.mkdir(exist_ok=True)
    manifest = f'[package]\nname = "{name}"\n[component]\nwasm = "guest.wasm"\n[resources]\n{resources}\n'
    (home / "guest.wasm").write_bytes(wasm)
    (home / "Component.toml").write_text(manifest)
