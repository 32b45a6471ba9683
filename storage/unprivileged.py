"""PostgreSQL's binaries refuse root; as root this runs them as another user. Used by storage/embedded.py."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path


class NoUser(Exception):
    """There is no user to become, or no program to do it with."""


class Unprivileged:
    """Runs PostgreSQL's binaries, which refuse root: as root we become ``postgres`` or ``nobody`` first.

    That user may have no way through a closed folder above (a clone under /root, say); then the server keeps the one
    capability to pass by file permissions, which is less than the root it was started with.
    """

    def __init__(self, *folders: Path) -> None:
        """``folders`` are those it must reach. Raises `NoUser`."""
        self.prefix: list[str] = []
        self._user: pwd.struct_passwd | None = None
        if os.geteuid() != 0:
            return
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                self._user = pwd.getpwnam(name)
                break
        if self._user is None or shutil.which("setpriv") is None:
            raise NoUser("as root, PostgreSQL needs a user postgres or nobody, and the program setpriv")
        self.prefix = ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        if not all(_passable(folder) for folder in folders):
            self.prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        self.prefix.append("--")

    def own(self, *paths: Path) -> None:
        for path in paths:
            if self._user is not None:
                os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*self.prefix, *command], capture_output=True, cwd="/", stdin=subprocess.DEVNULL)


def _passable(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))
