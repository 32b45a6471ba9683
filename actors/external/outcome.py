"""What an attempt at an effect came to; becomes `actors.turn.SettleEffect` in runtime/effects.py."""

from typing import Any, Literal

from msgspec import Struct

from actors.codes import Code

Status = Literal["done", "refused", "unknown"]


class Outcome(Struct, frozen=True):
    """``refused`` is definite: nothing happened there, nor ever will under this id. ``code``: actors/codes.py."""

    status: Status
    code: str = ""
    data: dict[str, Any] = {}


def done(**data: Any) -> Outcome:
    return Outcome("done", "", data)


def refused(code: Code, outside_code: str) -> Outcome:
    """``outside_code``: the other side's own word, for people."""
    return Outcome("refused", code.word, {"outside_code": outside_code})


def unknown(code: Code = Code.OUTCOME_UNKNOWN) -> Outcome:
    return Outcome("unknown", code.word)
