"""Answers by request id: the same id gets the same answer, with other content it is refused. Bureau, risk, CA, SMS."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from msgspec import Struct


class Answered(Struct):
    """One request: how often it came, what was answered, once made."""

    operation: str
    bank: str
    digest: str
    received: int = 1
    applied: int = 0
    answer: dict[str, Any] = {}


class OtherContent(ValueError):
    """The request id was used before with other content."""


class Once(Struct):
    """The requests of one system, in order of arrival."""

    requests: dict[str, Answered] = {}

    def answer(
        self, request_id: str, operation: str, bank: str, content: bytes, make: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """The stored answer of ``request_id``, or the one that ``make`` gives now; `OtherContent`."""
        digest = blake2b(content, digest_size=12).hexdigest()
        known = self.requests.get(request_id)
        if known is None:
            known = self.requests[request_id] = Answered(operation=operation, bank=bank, digest=digest)
            known.answer = make()
            known.applied = 1
            return known.answer
        known.received += 1
        if known.digest != digest:
            raise OtherContent(request_id)
        return known.answer

    def rows(self, bank: str = "") -> list[dict[str, Any]]:
        """For reconciliation: each request id, how often received, how often done."""
        return [
            {
                "instruction": request_id.rpartition("|")[2],
                "operation": item.operation,
                "bank": item.bank,
                "received": item.received,
                "applied": item.applied,
            }
            for request_id, item in self.requests.items()
            if bank in ("", item.bank)
        ]
