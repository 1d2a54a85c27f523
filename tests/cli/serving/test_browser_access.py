"""Who may open the screen in a browser."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from airssys_tui.cli.serving.browser_access import Origins, kept_token
from airssys_tui.core.errors import UsageError


def test_a_token_is_made_once_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = kept_token(path)
    assert len(token) == 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_token(path) == token


@pytest.mark.parametrize("text", ["", "short", "x" * 200, "a" * 40 + "\nb", "/" * 43])
def test_a_file_without_a_token_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="holds no token"):
        kept_token(path)
    assert path.read_text() == text


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    kept_token(path)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="others can read"):
        kept_token(path)


def test_a_token_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot make"):
        kept_token(tmp_path / "no" / "token")


@pytest.mark.parametrize(
    ("host", "origin", "known", "allowed"),
    [
        ("127.0.0.1:8737", "http://127.0.0.1:8737", True, True),
        ("localhost:9000", "http://localhost:9000", True, True),
        ("localhost:9000", "http://localhost:3000", True, False),
        ("localhost:9000", "https://localhost:9000", True, False),
        ("localhost.evil.example", "http://localhost.evil.example", False, False),
        ("evil.example:8737", "http://evil.example:8737", False, False),
        ("desk.example", "https://desk.example", True, True),
        ("DESK.example", "https://desk.example", True, True),
        ("desk.example", "http://desk.example", True, False),
        ("desk.example:8080", "https://desk.example:8080", False, False),
        ("127.0.0.1:8737", "null", True, False),
        ("", "", False, False),
    ],
)
def test_requests_come_from_pages_of_the_same_address(host: str, origin: str, known: bool, allowed: bool) -> None:
    origins = Origins(["https://desk.example"])
    assert origins.knows(host) is known
    assert origins.allows(origin, host) is allowed


@pytest.mark.parametrize(
    "text", ["", "desk.example", "ftp://desk.example", "https://", "https://a@b", "https://a/", "https://a?b", "*"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no origin"):
        Origins([text])
