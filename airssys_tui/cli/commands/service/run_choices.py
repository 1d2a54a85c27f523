"""How `run` opens a runtime, with a screen or without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_tui.core.revision import Tier

if TYPE_CHECKING:
    from airssys_tui.cli.serving.metrics_endpoint import Exporter
    from airssys_tui.cli.telemetry.otlp_export import OtlpExport


@dataclass(frozen=True, slots=True)
class RunChoices:
    """How a runtime is opened.

    Attributes:
        duration: Stop after so many seconds; None for never.
        adopt: Take over a state directory that belongs to another folder.
        tier: How components are compiled, whatever their manifests say.
        exporter: Serves the metrics.
        policy: The policy file.
        telemetry: Sends telemetry to a collector.
        http: Where requests for components come in, in place of what the folder says.
    """

    duration: float | None
    adopt: bool
    tier: Tier | None
    exporter: Exporter | None
    policy: Path | None
    telemetry: OtlpExport | None
    http: str | None
