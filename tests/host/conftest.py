"""What components may reach of file systems is tested on the disk, as users have it."""

from tests.support.real_disk import tmp_path

__all__ = ["tmp_path"]
