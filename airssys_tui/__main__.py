"""``python -m airssys_tui``."""

import sys

from airssys_tui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
