"""``wasi:sockets`` as a whole: every function is there, the network, and handles that are none."""

from __future__ import annotations

import pytest

from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Err
from airssys_tui.host.catalogue import WASI
from airssys_tui.host.wasi.sockets.socket_networks import INTERFACES as NETWORKS
from airssys_tui.host.wasi.stream_end import IoError
from airssys_tui.host.wasi.wasi_types import wasi_types
from tests.support.wasi.socket_guest import INTERFACES, SocketGuest, at


def test_every_function_of_the_package_is_there() -> None:
    wanted = {
        f"wasi:{name}@0.2.12#{function.name}"
        for name, face in wasi_types().interfaces.items()
        if name.startswith("sockets/")
        for function in face.functions
    }
    offered = {f"{face.name}#{function.type.name}" for face in WASI for function in face.functions}
    assert len(wanted) == 53
    assert wanted <= offered
    assert {face.name for face in INTERFACES} <= {face.name for face in WASI}


def test_a_stream_that_failed_for_another_reason_has_no_code_of_a_network() -> None:
    code = NETWORKS[0].functions[0].call
    assert code(None, IoError("the disk is full", filesystem="insufficient-space")) is None


def test_there_is_one_network_and_it_may_be_dropped(guest: SocketGuest) -> None:
    other = guest.call("sockets/instance-network#instance-network")
    guest.drop("network", guest.network)
    made = guest.new_tcp()
    assert guest.tcp("start-connect", made, other, at(0)) == Err("invalid-argument")
    with pytest.raises(GuestTrap):
        guest.tcp("start-bind", made, guest.network, at(0))


def test_a_handle_of_another_kind_is_none(guest: SocketGuest) -> None:
    made = guest.new_udp()
    with pytest.raises(GuestTrap):
        guest.tcp("finish-bind", made)
