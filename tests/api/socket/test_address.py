"""Where the control socket is: private, found again after a crash, and never where a planted link points."""

from __future__ import annotations

import os
import socket
import stat
import sys

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.socket import address
from airssys_tui.api.socket.address import LONGEST, connect, identity, is_trusted, listen, peer_user
from airssys_tui.core.errors import NothingRuns, Unreachable
from tests.support.api.sockets import client, serving, wait_for


@pytest.fixture
def runtime():
    return scenes.mixed(scenes.still)


def test_only_its_user_may_use_it(tmp_path, runtime):
    path = tmp_path / "control.sock"
    before = os.umask(0)
    try:
        with serving(runtime, path):
            assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_long_path_works_and_leaves_nothing_behind(tmp_path, runtime, monkeypatch):
    short = tmp_path / "t"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    deep = tmp_path
    while len(os.fsencode(deep)) <= 2 * LONGEST:
        deep /= "a-directory-with-a-long-name"
    deep.mkdir(parents=True)
    path = deep / "control.sock"
    with serving(runtime, path), client(path) as remote:
        assert identity(path)
        assert remote.snapshot().components
    assert list(deep.iterdir()) == []
    assert list(short.iterdir()) == []


def test_what_a_killed_server_left_is_replaced(tmp_path, runtime):
    path = tmp_path / "control.sock"
    for name in (path, path.with_name("control.sock.new")):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(name))
    with pytest.raises(NothingRuns):
        connect(path, 1.0)
    with serving(runtime, path), client(path) as remote:
        assert remote.snapshot().components
    assert list(tmp_path.iterdir()) == []


def test_a_planted_link_is_replaced_and_not_followed(tmp_path, runtime):
    path, treasure = tmp_path / "state" / "control.sock", tmp_path / "treasure"
    path.parent.mkdir()
    treasure.write_text("kept")
    treasure.chmod(0o640)
    path.symlink_to(treasure)
    path.with_name("control.sock.new").symlink_to(treasure)
    with serving(runtime, path), client(path) as remote:
        assert remote.snapshot().components
        assert not path.is_symlink()
    assert treasure.read_text() == "kept"
    assert stat.S_IMODE(treasure.lstat().st_mode) == 0o640


def test_a_client_does_not_follow_a_link_either(tmp_path, runtime):
    real, path = tmp_path / "elsewhere.sock", tmp_path / "control.sock"
    path.symlink_to(real)
    with serving(runtime, real), pytest.raises(NothingRuns):
        connect(path, 1.0)


def test_a_file_of_that_name_is_no_runtime(tmp_path):
    path = tmp_path / "control.sock"
    with pytest.raises(NothingRuns):
        connect(path, 1.0)
    path.write_text("")
    with pytest.raises(NothingRuns):
        connect(path, 1.0)


def test_a_server_takes_away_only_its_own_socket(tmp_path, runtime):
    path = tmp_path / "control.sock"
    with serving(runtime, path) as server, serving(runtime, path):
        server.close()
        assert identity(path), "the second server's socket is there"
        with client(path) as remote:
            assert remote.snapshot().components


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells the peer's user on Linux")
def test_the_user_at_the_other_end_is_known(tmp_path):
    path = tmp_path / "control.sock"
    with listen(path), connect(path, 1.0) as connected:
        assert peer_user(connected) == os.geteuid()


def test_only_this_user_and_root_are_trusted():
    assert is_trusted(os.geteuid())
    assert is_trusted(0)
    assert not is_trusted(os.geteuid() + 1)


def test_another_users_server_and_client_are_turned_away(tmp_path, runtime, monkeypatch):
    path = tmp_path / "control.sock"
    with serving(runtime, path) as server:
        monkeypatch.setattr(address, "peer_user", lambda _: os.geteuid() + 1)
        with pytest.raises(Unreachable, match="another user"):
            connect(path, 1.0)
        wait_for(lambda: server.status().served == 1)
        monkeypatch.setattr(address, "peer_user", lambda _: os.geteuid())
        monkeypatch.setattr("airssys_tui.api.socket.connection.peer_user", lambda _: os.geteuid() + 1)
        with pytest.raises(Unreachable, match="another user"), client(path):
            pass
        assert server.status().refused == 1
