"""``wasi:sockets/tcp`` and ``tcp-create-socket``: sockets for streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from airssys_tui.core.types.values import Variant
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.host.doors.network.sockets.byte_flow import Direction
from airssys_tui.host.doors.network.sockets.socket_options import Option
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket, TcpState
from airssys_tui.host.wasi.sockets.socket_networks import Network
from airssys_tui.host.wasi.sockets.socket_values import (
    SOCKET_BYTES,
    VERSIONS,
    answering,
    common_calls,
    read_address,
    reading,
    setting,
    socket_door,
)
from airssys_tui.host.wasi.sockets.tcp_streams import SocketStep, TcpInput, TcpOutput
from airssys_tui.host.wasi.wasi_types import wasi_interface

_DIRECTIONS: Final = {
    "receive": (Direction.RECEIVE,),
    "send": (Direction.SEND,),
    "both": (Direction.RECEIVE, Direction.SEND),
}


def _create(context: HostContext, family: str) -> TcpSocket:
    return socket_door(context).tcp(context, VERSIONS[family])


def _start_connect(context: HostContext, socket: TcpSocket, _network: Network, where: Variant) -> None:
    socket.start_connect(context, read_address(where))


def _finish_connect(_context: HostContext, socket: TcpSocket) -> tuple[TcpInput, TcpOutput]:
    socket.finish_connect()
    return TcpInput(socket), TcpOutput(socket)


def _start_listen(_context: HostContext, socket: TcpSocket) -> None:
    socket.start_listen()


def _finish_listen(_context: HostContext, socket: TcpSocket) -> None:
    socket.finish_listen()


def _accept(_context: HostContext, socket: TcpSocket) -> tuple[TcpSocket, TcpInput, TcpOutput]:
    taken = socket.accept()
    return taken, TcpInput(taken), TcpOutput(taken)


def _is_listening(_context: HostContext, socket: TcpSocket) -> bool:
    return socket.state is TcpState.LISTENING


def _set_backlog(_context: HostContext, socket: TcpSocket, count: int) -> None:
    socket.set_backlog(count)


def _subscribe(_context: HostContext, socket: TcpSocket) -> SocketStep:
    return SocketStep(socket)


def _shutdown(_context: HostContext, socket: TcpSocket, how: str) -> None:
    socket.shutdown(_DIRECTIONS[how])


def _drop(_context: Any, socket: TcpSocket) -> None:
    socket.drop()


def _options() -> dict[str, Callable[..., Any]]:
    """Return what reads and sets each option."""
    calls: dict[str, Callable[..., Any]] = {}
    for option in Option:
        calls[f"[method]tcp-socket.{option}"] = reading(option)
        calls[f"[method]tcp-socket.set-{option}"] = setting(option)
    return calls


INTERFACES: Final = (
    wasi_interface(
        "sockets/tcp",
        {
            "[method]tcp-socket.start-connect": answering(_start_connect),
            "[method]tcp-socket.finish-connect": answering(_finish_connect),
            "[method]tcp-socket.start-listen": answering(_start_listen),
            "[method]tcp-socket.finish-listen": answering(_finish_listen),
            "[method]tcp-socket.accept": answering(_accept),
            "[method]tcp-socket.is-listening": _is_listening,
            **common_calls("tcp-socket"),
            "[method]tcp-socket.set-listen-backlog-size": answering(_set_backlog),
            "[method]tcp-socket.subscribe": _subscribe,
            "[method]tcp-socket.shutdown": answering(_shutdown),
            **_options(),
        },
        (HostResource("tcp-socket", _drop, SOCKET_BYTES),),
    ),
    wasi_interface("sockets/tcp-create-socket", {"create-tcp-socket": answering(_create)}),
)
"""Both interfaces."""
