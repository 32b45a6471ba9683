"""Books on disk: one JSON file with everything, so that the outside world survives a restart of ``make up``.

Written beside and renamed, at most every few seconds when something came in, and at the end.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from sandbox.bureau import Report
from sandbox.ca import Certificate
from sandbox.core.records import Books
from sandbox.once import Once
from sandbox.risk import Assessment
from sandbox.sms import Sent
from sandbox.town import Sandbox


class Kept(Struct):
    """All that is kept: books, answered requests, presets; not faults."""

    core: Books
    bureau: Once
    bureau_presets: dict[str, Report]
    risk: Once
    risk_presets: dict[str, Assessment]
    ca: Once
    certificates: dict[str, Certificate]
    sms: Once
    sent: list[Sent]


def dump(box: Sandbox, path: Path) -> None:
    """Write the books to ``path``, whole or not at all."""
    kept = Kept(
        core=box.core.books,
        bureau=box.bureau.once,
        bureau_presets=box.bureau.presets,
        risk=box.risk.once,
        risk_presets=box.risk.presets,
        ca=box.ca.once,
        certificates=box.ca.certificates,
        sms=box.sms.once,
        sent=box.sms.sent,
    )
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(kept))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(box: Sandbox, path: Path) -> bool:
    """Take the books from ``path`` if it is there. What was still processing is forgotten: a query finds nothing."""
    if not path.exists():
        return False
    kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    instructions = kept.core.instructions
    kept.core.instructions = {key: item for key, item in instructions.items() if item.status != "P"}
    box.core.books = kept.core
    box.bureau.once, box.bureau.presets = kept.bureau, kept.bureau_presets
    box.risk.once, box.risk.presets = kept.risk, kept.risk_presets
    box.ca.once, box.ca.certificates = kept.ca, kept.certificates
    box.sms.once, box.sms.sent = kept.sms, kept.sent
    box.adopt()
    return True
