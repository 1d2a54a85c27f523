"""Asking the metrics endpoint, as a scraper does."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def scrape(url: str, path: str | None = None, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Return the status and the text of an answer."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request(method, path or parts.path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
