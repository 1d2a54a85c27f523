"""Draw the README's picture: the registry on a played runtime whose clock stands still; no fonts from outside.

``python .ci/picture.py`` writes ``.ci/pictures/registry.svg``; the same sources give the same picture.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import Final

from airssys_tui.api import fake_scenes
from airssys_tui.tui.app import AirssysApp

PICTURE: Final = Path(__file__).resolve().parent / "pictures" / "registry.svg"
SIZE: Final = (130, 24)
PATIENCE: Final = 30.0
_FONTS: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


async def drawn() -> str:
    """Return the picture as SVG text.

    Raises:
        TimeoutError: The screen never showed the components.
    """
    runtime = fake_scenes.mixed()
    app = AirssysApp(lambda: runtime, folder="components/", clock=fake_scenes.still, refresh=3_600.0)
    async with app.run_test(size=SIZE) as pilot, asyncio.timeout(PATIENCE):
        while "counter" not in _picture_of(app):
            await pilot.pause()
        await pilot.pause()
        return _picture_of(app)


def _picture_of(app: AirssysApp) -> str:
    svg = app.export_screenshot(title="airssys-tui components/")
    lines = (line.rstrip() for line in _FONTS.sub("", svg).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def main() -> int:
    """Write the picture; return the exit code."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name in ("NO_COLOR", "AIRSSYS_TUI_ASCII", "AIRSSYS_TUI_THEME"):
        os.environ.pop(name, None)
    svg = asyncio.run(drawn())
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg, encoding="utf-8")
    sys.stderr.write(f"{PICTURE.name}: {len(svg)} characters\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
