"""Frames whose bytes were changed on the way: a value or a decoding error, and never any other exception."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airssys_tui import __version__
from airssys_tui.api import wire
from airssys_tui.api.played import scenes
from airssys_tui.api.socket.connection import _read_ask
from airssys_tui.api.socket.frames import (
    PROTOCOL,
    Access,
    Answer,
    Ask,
    Beat,
    Hello,
    Moment,
    Part,
    Welcome,
    read_hello,
    read_welcome,
)
from airssys_tui.api.socket.link import read_message
from airssys_tui.api.views.runtime import Phase, Snapshot
from airssys_tui.core.text import GuestText

HEAD = Snapshot(generation=1, at=0.0, phase=Phase.RUNNING, folder=GuestText("folder"))
ROWS = tuple(scenes.mixed(scenes.still).snapshot().components[:2])
SENT = [
    Hello(PROTOCOL, __version__, Access.FULL, "screen", True),
    Welcome(PROTOCOL, __version__, "epoch", 7, "folder", Access.FULL),
    Part(rows=ROWS),
    Moment(HEAD, True, 0),
    Answer(7, msgspec.Raw(msgspec.msgpack.encode("answered"))),
    Ask(7, "describe", msgspec.Raw(msgspec.msgpack.encode("counter"))),
    Beat(),
]
FRAMES = [wire.pack(each) for each in SENT]
READERS = [read_hello, read_welcome, read_message, _read_ask]

NOT_UTF8 = {
    "a tag": b"\x91\xa6\x00\x00\x00\x00\x00\x80",
    "a field": wire.pack(SENT[0]).replace(b"screen", b"scree\xff"),
    "a method": wire.pack(SENT[5]).replace(b"describe", b"describ\xc3"),
    "a surrogate": wire.pack(SENT[1]).replace(b"fol", b"\xed\xa0\x80"),
}


def only_decoding_errors(data: bytes) -> None:
    for read in READERS:
        try:
            read(data)
        except (msgspec.DecodeError, RecursionError):
            continue


@pytest.mark.parametrize("data", NOT_UTF8.values(), ids=NOT_UTF8.keys())
def test_a_text_that_is_not_utf8_is_a_decoding_error(data):
    only_decoding_errors(data)
    with pytest.raises(msgspec.DecodeError):
        wire.untouched(object)(b"\xa1\xff")


@given(
    at=st.sampled_from(FRAMES).flatmap(lambda whole: st.tuples(st.just(whole), st.integers(0, len(whole) - 1))),
    byte=st.integers(0, 255),
    cut=st.booleans(),
)
@example(at=(FRAMES[0], 3), byte=0xFF, cut=False)
def test_a_changed_byte_or_a_cut_is_a_value_or_a_decoding_error(at, byte, cut):
    whole, place = at
    only_decoding_errors(whole[:place] if cut else whole[:place] + bytes([byte]) + whole[place + 1 :])
