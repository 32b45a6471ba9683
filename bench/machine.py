"""What the figures were measured on: cores, memory, versions, and how long one fsync takes."""

import os
import platform
import tempfile
import time
from statistics import median
from typing import Any

import psutil
import ray


def fsync_ms(rounds: int = 200) -> float:
    """Median time of writing 8 KiB and fsync, in the folder where the databases of the benchmarks lie."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(rounds):
            begun = time.perf_counter()
            file.write(os.urandom(8192))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return round(median(times) * 1000, 3)


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "fsync_ms": fsync_ms(),
        "python": platform.python_version(),
        "ray": ray.__version__,
    }
