"""``wasi:sockets/network`` and ``instance-network``: the one network that there is, and the codes of failed streams."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.host.wasi.stream_end import IoError
from airssys_tui.host.wasi.wasi_types import wasi_interface


class Network:
    """The value of a ``network``: whatever the component may reach."""

    __slots__ = ()


_NETWORK: Final = Network()


def _instance_network(_context: HostContext) -> Network:
    return _NETWORK


def _error_code(_context: HostContext, error: IoError) -> Some | None:
    return None if error.network is None else Some(error.network)


INTERFACES: Final = (
    wasi_interface("sockets/network", {"network-error-code": _error_code}, (HostResource("network"),)),
    wasi_interface("sockets/instance-network", {"instance-network": _instance_network}),
)
"""Both interfaces."""
