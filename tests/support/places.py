"""Where the repository, its samples and the fixtures are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_components"
RELEASES = SAMPLES / ".releases" / "counter"
LINKED = SAMPLES / ".links"
TALKING = SAMPLES / ".messages"
FIXTURES = ROOT / "tests" / "fixtures" / "components"
HOSTILE = FIXTURES / "hostile"
