"""An open directory of a component: everything that is done with paths below it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import Final

import msgspec

from airssys_tui.core.manifest.capabilities import FilesystemAction
from airssys_tui.host.doors.descriptors.anchors import Anchor, OpenAnchor
from airssys_tui.host.doors.descriptors.descriptor_errors import coded, failure, out_of_the_directory
from airssys_tui.host.doors.descriptors.directory_entries import DirectoryEntries
from airssys_tui.host.doors.descriptors.file_descriptor import FileDescriptor, OpenMode, require_settable
from airssys_tui.host.doors.descriptors.object_status import ObjectStatus, status_of
from airssys_tui.host.doors.descriptors.open_quota import OpenQuota
from airssys_tui.host.doors.descriptors.passage import Passage
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_CALL, Call, go_on
from airssys_tui.host.doors.filesystem.descent import DIRECTORY
from airssys_tui.host.doors.filesystem.entry import OPENED, Pinned, Place
from airssys_tui.host.doors.filesystem.route import ask_path, file_only, one_link_only
from airssys_tui.host.guard import Guard

_READ: Final = FilesystemAction.READ.value
_WRITE: Final = FilesystemAction.WRITE.value
_DELETE: Final = FilesystemAction.DELETE.value
_LIST: Final = FilesystemAction.LIST.value

_LOOKING: Final = (_READ, _LIST)
"""One of them is enough to look at something."""

_SLASH: Final = b"/"


class OpenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How something is opened.

    Attributes:
        mode: What for.
        follow: Whether a link at the end of the path is followed.
        create: Whether a file is made if there is nothing.
        directory: Whether it has to be a directory.
        exclusive: With ``create``, whether there has to be nothing.
        truncate: Whether a file is emptied.
    """

    mode: OpenMode
    follow: bool = False
    create: bool = False
    directory: bool = False
    exclusive: bool = False
    truncate: bool = False

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that have to be allowed; none to look only, which includes opening a directory."""
        changes = self.mode.write or self.create or self.truncate
        reads = self.mode.read and not self.directory
        return (*((_READ,) if reads else ()), *((_WRITE,) if changes else ()))

    @property
    def flags(self) -> int:
        """The flags for the system; emptying comes later, once it is known what was opened."""
        writes = self.mode.write or self.truncate
        return self.mode.syncs | (os.O_RDONLY if not writes else os.O_RDWR if self.mode.read else os.O_WRONLY)


class DirectoryDescriptor:
    """A directory that is open. Used by one thread at a time.

    Paths are those of ``wasi:filesystem``: relative, separated by slashes, and never leading out of the directory. Each
    operation raises a :class:`DescriptorError` with ``access`` if the guard denies it, ``not-permitted`` if the path
    leads out, and else what the system reports.

    Args:
        anchor: The directory; closed with it.
        guard: Decides each access.
        quota: Counts what is opened below it.
    """

    __slots__ = ("_anchor", "_guard", "_quota")

    def __init__(self, anchor: Anchor, guard: Guard, quota: OpenQuota) -> None:
        self._anchor = anchor
        self._guard = guard
        self._quota = quota

    def close(self) -> None:
        """Close it. Called once; the files, directories and listings opened by it stay open."""
        self._anchor.close()

    @coded
    def open(self, call: Call, path: str, how: OpenRequest) -> FileDescriptor | DirectoryDescriptor:
        """Open a file or a directory.

        Raises:
            DescriptorError: ``invalid`` for a directory that is to be made or emptied; ``is-directory`` for one that is
                to be written; ``not-directory``; ``exist``; ``loop`` for a link that is not to be followed; ``quota``;
                others.
        """
        if how.directory and (how.create or how.exclusive or how.truncate):
            raise failure(errno.EINVAL)
        actions = how.actions
        with self.passage(call, path, *(actions or _LOOKING), either=not actions) as passage:
            self._quota.take(passage.accesses[-1])
            try:
                return self._open_at(call, passage, how)
            except BaseException:
                self._quota.free()
                raise

    @coded
    def entries(self, call: Call) -> DirectoryEntries:
        """Read its entries, from the first one on."""
        with self.passage(call, ".", _LIST) as passage, passage.arrive() as place:
            self._quota.take(passage.accesses[-1])
            directory = -1
            try:
                directory = place.directory_here()
                return DirectoryEntries(directory, self._guard, passage.accesses, self._quota)
            except BaseException:
                self._quota.free()
                if directory >= 0:
                    os.close(directory)
                raise

    @coded
    def status(self, call: Call, path: str = ".", *, follow: bool = False) -> ObjectStatus:
        """Look at something."""
        with self.passage(call, path, *_LOOKING, either=True) as passage:
            return status_of(passage.status(follow=follow))

    @coded
    def set_times(
        self, call: Call, path: str, accessed_ns: int | None, modified_ns: int | None, *, follow: bool
    ) -> None:
        """Set when something was last read and changed, in nanoseconds since 1970; None leaves one as it is.

        Raises:
            DescriptorError: ``overflow`` for a time that is later than can be set; others.
        """
        require_settable(accessed_ns, modified_ns)
        with self.passage(call, path, _WRITE) as passage, _present(passage.pin(follow=follow)) as pinned:
            mode = pinned.status.st_mode
            if passage.end and not stat.S_ISDIR(mode):
                raise failure(errno.ENOTDIR)
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                raise passage.forbid("it is a device, a pipe or a socket")
            one_link_only(pinned.status, passage.forbid)
            pinned.set_times(accessed_ns, modified_ns)

    @coded
    def sync(self, call: Call) -> None:
        """Return when its entries are safe on the device."""
        with self.passage(call, ".", *_LOOKING, either=True) as passage, passage.arrive() as place:
            directory = place.directory_here()
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    @coded
    def create_directory(self, call: Call, path: str) -> None:
        """Make a directory."""
        with self.passage(call, path, _WRITE) as passage, passage.arrive_at_name(errno.EEXIST) as place:
            os.mkdir(place.name, dir_fd=place.directory)

    @coded
    def remove_directory(self, call: Call, path: str) -> None:
        """Take an empty directory away."""
        with (
            self.passage(call, path, _DELETE) as passage,
            passage.arrive_at_name(errno.EINVAL, errno.ENOTEMPTY) as place,
        ):
            os.rmdir(place.name, dir_fd=place.directory)

    @coded
    def unlink(self, call: Call, path: str) -> None:
        """Take a file away; of a link, the link."""
        with self.passage(call, path, _DELETE) as passage, passage.arrive_at_name(errno.EISDIR) as place:
            if stat.S_ISDIR(passage.status_here(place).st_mode):
                raise failure(errno.EISDIR)
            if passage.end:
                raise failure(errno.ENOTDIR)
            os.unlink(place.name, dir_fd=place.directory)

    @coded
    def rename(self, call: Call, path: str, target: DirectoryDescriptor, target_path: str) -> None:
        """Give something another path on the same device; what is there is replaced, if it is of the same kind.

        Links are renamed and replaced themselves. Replacing a file needs what writing to it needs, replacing anything
        else what deleting it needs as well.
        """
        with (
            self.passage(call, path, _DELETE) as from_,
            target.passage(call, target_path, _WRITE) as to,
            from_.arrive_at_name(errno.EBUSY) as old,
            to.arrive_at_name(errno.EBUSY) as new,
        ):
            found, there = from_.status_here(old), new.status()
            if (from_.end or to.end) and not stat.S_ISDIR(found.st_mode):
                raise failure(errno.ENOTDIR)
            if there is not None and not (stat.S_ISREG(there.st_mode) or stat.S_ISLNK(there.st_mode)):
                ask_path(self._guard, new.path, (_DELETE,))
            os.rename(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory)

    @coded
    def link(self, call: Call, path: str, target: DirectoryDescriptor, target_path: str) -> None:
        """Give a file one more name; of a link, the link.

        It needs what reading and writing the file need: it can be read by the new name, and a file with several names
        is not opened to be written.
        """
        with (
            self.passage(call, path, _READ, _WRITE) as from_,
            target.passage(call, target_path, _WRITE) as to,
        ):
            mode = from_.status(follow=False).st_mode
            with from_.arrive() as old, _vacant(to) as new:
                if stat.S_ISDIR(mode):
                    raise failure(errno.EPERM)
                if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                    raise from_.forbid("it is a device, a pipe or a socket")
                os.link(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory, follow_symlinks=False)

    @coded
    def symlink(self, call: Call, held: str, path: str) -> None:
        """Make a symbolic link.

        Args:
            call: The running call.
            held: What it holds; not absolute. It may lead out of the directory: then nobody can follow it here.
            path: Where it is made.
        """
        with self.passage(call, path, _WRITE) as passage, _vacant(passage) as place:
            if held.startswith("/"):
                raise out_of_the_directory()
            if "\0" in held:
                raise failure(errno.EINVAL)
            os.symlink(held.encode(), place.name, dir_fd=place.directory)

    @coded
    def read_link(self, call: Call, path: str) -> str:
        """Return what a symbolic link holds.

        Raises:
            DescriptorError: ``invalid`` if it is no link; ``not-permitted`` if it holds an absolute path;
                ``illegal-byte-sequence`` if that is not valid text; others.
        """
        with self.passage(call, path, _READ) as passage, _present(passage.pin(follow=False)) as pinned:
            target = pinned.link
            if target is None:
                is_directory = stat.S_ISDIR(pinned.status.st_mode)
                raise failure(errno.ENOTDIR if passage.end and not is_directory else errno.EINVAL)
            if target.startswith(_SLASH):
                raise out_of_the_directory()
            try:
                return target.decode()
            except UnicodeDecodeError:
                raise failure(errno.EILSEQ) from None

    def passage(self, call: Call, path: str, *actions: str, either: bool = False) -> Passage:
        """Begin the way to what a path below it names; see :class:`Passage`."""
        call.charge(FUEL_PER_CALL)
        return Passage(call, self._guard, self._anchor, path, actions, either=either)

    def _open_at(self, call: Call, passage: Passage, how: OpenRequest) -> FileDescriptor | DirectoryDescriptor:
        if how.create and passage.end == _SLASH:  # whatever is there: Linux does not look
            with passage.arrive():
                raise failure(errno.EISDIR)
        while True:
            go_on(call)
            pinned = passage.pin(follow=how.follow and not (how.create and how.exclusive))
            if pinned is not None:
                with pinned:
                    return self._open_pinned(pinned, passage, how)
            if not how.create:
                raise failure(errno.ENOENT)
            if passage.end:
                raise failure(errno.EISDIR if passage.end == _SLASH else errno.ENOENT)
            with passage.arrive() as place, contextlib.suppress(FileExistsError):
                flags = how.flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | OPENED
                made = os.open(place.name, flags, 0o666, dir_fd=place.directory)
                return FileDescriptor(made, self._guard, passage.accesses, self._quota, how.mode)

    def _open_pinned(self, pinned: Pinned, passage: Passage, how: OpenRequest) -> FileDescriptor | DirectoryDescriptor:
        mode = pinned.status.st_mode
        if how.create and how.exclusive:
            raise failure(errno.EEXIST)
        if stat.S_ISLNK(mode):
            raise failure(errno.ENOTDIR if how.directory else errno.ELOOP)
        if stat.S_ISDIR(mode):
            if how.mode.write or how.create or how.truncate:
                raise failure(errno.EISDIR)
            anchor = OpenAnchor(pinned.open(DIRECTORY), pinned.where, self._quota)
            return DirectoryDescriptor(anchor, self._guard, self._quota)
        if passage.end or how.directory:
            raise failure(errno.ENOTDIR)
        file_only(pinned, passage.forbid)
        descriptor = pinned.open(how.flags)
        try:
            if how.mode.write or how.truncate:
                one_link_only(os.fstat(descriptor), passage.forbid)
            if how.truncate:
                os.ftruncate(descriptor, 0)
            return FileDescriptor(descriptor, self._guard, passage.accesses, self._quota, how.mode)
        except BaseException:
            os.close(descriptor)
            raise


def _present(pinned: Pinned | None) -> Pinned:
    if pinned is None:
        raise failure(errno.ENOENT)
    return pinned


@contextlib.contextmanager
def _vacant(passage: Passage) -> Iterator[Place]:
    """Arrive at the name of something new that is no directory.

    Raises:
        DescriptorError: ``exist`` if something is there; else ``no-entry`` if a slash follows the name.
    """
    with passage.arrive_at_name(errno.EEXIST) as place:
        if place.status() is not None:
            raise failure(errno.EEXIST)
        if passage.end:
            raise failure(errno.ENOENT)
        yield place
