"""Circuit breaker of one outside system: so many failures in a row, then silence for a while, then one trial."""

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half_open"]


class Breaker:
    """closed -> open after ``failures_max`` failures in a row -> half open after ``open_s``: one call goes through as a
    trial; its success closes, its failure opens anew. Every True of `admits` is followed by `succeeded` or `failed`."""

    def __init__(self, failures_max: int, open_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures_max = failures_max
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._trial = False
        self.state: State = "closed"
        self.opened = 0

    def admits(self) -> bool:
        """Whether a call may be sent now."""
        if self.state == "closed":
            return True
        if self.state == "open" and self._clock() - self._opened_at >= self._open_s:
            self.state = "half_open"
        if self.state == "open" or self._trial:
            return False
        self._trial = True
        return True

    def succeeded(self) -> None:
        """The other side answered, be it with a refusal."""
        self.state = "closed"
        self._failures = 0
        self._trial = False

    def failed(self) -> None:
        """No answer, or none that can be read."""
        self._failures += 1
        if self.state == "half_open" or (self.state == "closed" and self._failures >= self._failures_max):
            self.state = "open"
            self.opened += 1
            self._opened_at = self._clock()
        self._trial = False
