"""A page of a component in a real browser, which reads it as a person sees it; skipped where there is none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.world import World

BROWSER: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VISITORS: Final = Path(__file__).parents[3] / "sample_components" / "visitors"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
]

QUIET: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=5000",
)


@pytest.mark.timeout(180)
def test_a_browser_shows_the_page_of_a_component(world: World, tmp_path: Path) -> None:
    shutil.copytree(VISITORS, world.folder / "visitors", ignore=shutil.ignore_patterns("src", "wit"))
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    port = world.runtime.probe.system.http.listeners[0].address.port
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    shown = subprocess.run(
        [str(BROWSER), *QUIET, profile, "--dump-dom", f"http://127.0.0.1:{port}/visits"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert "<h1>Visit " in shown
    statuses = {record.status for record in world.runtime.http().result(30).requests if record.target == "/visits"}
    assert statuses == {200}
