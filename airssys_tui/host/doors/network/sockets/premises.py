"""What all sockets of one instance are made with."""

from __future__ import annotations

import msgspec

from airssys_tui.host.doors.network.holdings import Holdings
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.sockets.address_rights import AddressRights


class Premises(msgspec.Struct, frozen=True):
    """What all sockets of one instance are made with.

    Attributes:
        holdings: Where they are counted.
        rights: Decides which addresses they may use.
        internet: The network behind the door.
    """

    holdings: Holdings
    rights: AddressRights
    internet: Internet
