"""Which tier of code a component gets: the command line decides, else its manifest, else the configuration file."""

from __future__ import annotations

import msgspec

from airssys_tui.core.manifest.structure import Manifest
from airssys_tui.core.revision import Tier


class TierChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator says about the tier.

    Attributes:
        asked: The tier of all components, whatever their manifests say; None leaves it to them.
        usual: The tier of a component whose manifest does not say it.
    """

    asked: Tier | None = None
    usual: Tier = Tier.OPTIMISED

    def of(self, manifest: Manifest) -> Tier:
        """Return the tier of a component."""
        return self.asked or manifest.engine.tier or self.usual
