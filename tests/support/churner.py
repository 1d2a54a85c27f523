"""A runtime whose component changes two keys at once, again and again, until the process is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings

root = Path(sys.argv[1])
runtime = EmbeddedRuntime.open(root / "components", state_dir=root / "state", settings=RuntimeSettings(watch=False))
assert runtime.wait_settled(30)
churning = runtime.invoke("keeper", "fixture:services/storage-door@1.0.0#churn")
sys.stdout.write("begun\n")
sys.stdout.flush()
churning.result()
