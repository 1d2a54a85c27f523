"""``python -m airssys_tui``."""

from airssys_tui.cli.main import enter

if __name__ == "__main__":
    enter()
