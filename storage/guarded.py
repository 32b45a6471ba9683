"""A server process that cannot outlive us: started by storage/embedded.py, watched by a shell that holds our pipe.

However this process ends (return, exception, SIGTERM, even SIGKILL) the kernel closes the pipe's writing end; the shell
reads end-of-file, stops the server by its polite signal, waits for it and removes its temporary directory. The shell
and the server run in a session of their own, so Ctrl-C in a terminal reaches only us and we stop them in our own order.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

_GUARD = """
signal=$1; scratch=$2; shift 2
"$@" </dev/null &
child=$!
read -r word
kill -s "$signal" "$child" 2>/dev/null
wait "$child"
[ -z "$scratch" ] || [ "$word" = stop ] || rm -rf "$scratch"
"""


class GuardedProcess:
    """One server under its guard.

    ``stop_signal`` is a name without SIG; ``scratch`` is a folder the guard removes when we died without `stop`.
    """

    def __init__(
        self, command: Sequence[str], *, log: Path, stop_signal: str, scratch: Path | None = None, hold_fd: int = -1
    ) -> None:
        """``hold_fd`` is inherited by the server: a file lock on it is held until the server has really ended."""
        reading, self._pipe = os.pipe()
        try:
            with log.open("ab") as sink:
                self._guard = subprocess.Popen(
                    ["/bin/sh", "-c", _GUARD, "guard", stop_signal, str(scratch or ""), *command],
                    stdin=reading,
                    stdout=sink,
                    stderr=sink,
                    start_new_session=True,
                    pass_fds=(hold_fd,) if hold_fd >= 0 else (),
                    cwd="/",
                )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(reading)
        self._child = self._find_child()

    def _find_child(self) -> psutil.Process | None:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self._guard.poll() is None:
            children = psutil.Process(self._guard.pid).children()
            if children:
                return children[0]
            time.sleep(0.002)
        return None

    @property
    def pid(self) -> int:
        """The server's own process id (0 when it never started)."""
        return self._child.pid if self._child else 0

    def alive(self) -> bool:
        try:
            return self._child is not None and self._child.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def signal(self, number: int) -> None:
        """Send a signal to the server itself; nothing happens when it is gone."""
        if self._child is not None and self.alive():
            self._child.send_signal(number)

    def end_by(self, number: int, timeout: float = 60.0) -> None:
        """Signal the server and wait until it has ended; raises `TimeoutError`."""
        self.signal(number)
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} goes on after signal {number}")
            time.sleep(0.005)

    def stop(self, timeout: float = 20.0) -> None:
        """Stop politely and wait; after ``timeout`` seconds kill. On return neither server nor guard is running."""
        if self._pipe >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._pipe, b"stop\n")
            os.close(self._pipe)
            self._pipe = -1
        try:
            self._guard.wait(timeout)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._guard.wait(10)
