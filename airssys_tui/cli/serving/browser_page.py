"""The pages that a browser gets: the terminal, and what is said to who has no valid token.

They ask nothing of other machines. The terminal has the focus from the start, so that keys work without a click, and
downloads begin without a window of their own. The one script is allowed by a nonce (Content Security Policy, level 3).
"""

from __future__ import annotations

from html import escape
from typing import Final

_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%2315161e'/%3E"
    "%3Cpath d='M3 5h6M3 8h10M3 11h4' stroke='%237dcfff' stroke-width='2' stroke-linecap='round'/%3E%3C/svg%3E"
)

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="{icon}">
"""

_TERMINAL: Final = """<link rel="stylesheet" href="static/css/xterm.css">
<script src="static/js/textual.js"></script>
<style>
  html, body {{ margin: 0; height: 100%; overflow: hidden; }}
  body {{ background: #15161e; color: #c0caf5; font-family: monospace; }}
  #terminal {{ width: 100vw; height: 100vh; }}
  #ended {{ display: none; position: fixed; inset: 0; background: #15161ee0; text-align: center; padding-top: 30vh; }}
  body.-closed #ended {{ display: block; }}
  button {{ font: inherit; padding: 0.5em 1.5em; }}
</style>
</head>
<body>
<div id="terminal" class="textual-terminal" data-session-websocket-url="" data-font-size="{font}"></div>
<div id="ended"><p>The session has ended.</p><button type="button" id="again">Open it again</button></div>
<script nonce="{nonce}">
  document.getElementById("terminal").dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + "/ws";
  document.getElementById("again").addEventListener("click", () => location.reload());
  new MutationObserver((_, observer) => {{  // the focus is told to the session: not before there is one
    if (!document.body.classList.contains("-loaded")) return;
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }}).observe(document.body, {{ attributes: true, attributeFilter: ["class"] }});
  window.open = (address) => {{
    const link = document.createElement("a");
    link.href = address;
    link.rel = "noopener";
    if (address.startsWith(location.origin + "/download/")) link.download = "";
    else link.target = "_blank";
    link.click();
    return null;
  }};
</script>
</body>
</html>
"""

_REFUSED: Final = """<style>
  body {{ background: #15161e; color: #c0caf5; font: 16px/1.5 monospace; max-width: 40em; margin: 20vh auto; }}
  code {{ color: #e0af68; }}
</style>
</head>
<body>
<h1>This address is not valid</h1>
<p>Its token is missing, wrong, or expired: <code>airssys-tui web</code> makes a new one at each start.</p>
<p>Open the address that it printed last. With <code>--token-file FILE</code> the token stays the same.</p>
</body>
</html>
"""


def terminal_page(title: str, nonce: str, font: int) -> str:
    """Return the page with the terminal.

    Args:
        title: What the browser calls it.
        nonce: What its script is allowed by.
        font: Size of the letters in pixels.
    """
    return _HEAD.format(title=escape(title), icon=_ICON) + _TERMINAL.format(nonce=escape(nonce), font=font)


def refused_page() -> str:
    """Return the page for an address without a valid token."""
    return _HEAD.format(title="airssys: not valid", icon=_ICON) + _REFUSED.format()
