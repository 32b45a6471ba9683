"""Pieces that the actors of the outside systems share: who unseals, what the standard ESB head says, money in yuan."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from actors.turn import Vault

VaultOf = Callable[[str], Vault]
"""The vault of a bank by its code."""

CHINA = timezone(timedelta(hours=8))


def yuan(amount_fen: int) -> str:
    """860664 fen is ``"8606.64"``, as banks write sums on the wire."""
    sign, fen = ("-" if amount_fen < 0 else ""), abs(amount_fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def fen(text: str) -> int:
    """``"8606.64"`` is 860664; ValueError for anything that is no amount in yuan and fen."""
    whole, _, part = text.strip().partition(".")
    if not whole.removeprefix("-").isdigit() or len(part) > 2 or (part and not part.isdigit()):
        raise ValueError(f"not an amount in yuan: {text!r}")
    sign = -1 if whole.startswith("-") else 1
    return sign * (int(whole.removeprefix("-")) * 100 + int(part.ljust(2, "0") or "0"))


def standard_head(consumer: str, sequence: str, global_sequence: str, bank: str) -> dict[str, str]:
    """The standard header of esb.md; TRAN_DATE is the day of sending in China, so it may differ on a re-send."""
    now = datetime.now(CHINA)
    return {
        "CONSUMER_ID": consumer,
        "CONSUMER_SEQ_NO": sequence,
        "GLOBAL_SEQ_NO": global_sequence,
        "TRAN_DATE": f"{now:%Y%m%d}",
        "TRAN_TIMESTAMP": f"{now:%H%M%S}{now.microsecond // 1000:03d}",
        "ORG_SYS_ID": consumer,
        "LEGAL_ENTITY": bank,
    }
