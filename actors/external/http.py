"""What risk, CA and SMS have in common: POST JSON under the effect's id, the same id gets the same answer, so asking
again is safe. 2xx is done, 4xx a definite refusal, everything else no answer."""

from collections.abc import Callable
from typing import Any

from actors.codes import Code
from actors.external.outcome import Outcome, refused, unknown
from actors.external.policy import Envelope, Unanswered
from actors.external.wire import HttpWire, NoAnswer, NotSent

_SLOW_DOWN = 429


async def ask(
    wire: HttpWire,
    envelope: Envelope,
    path: str,
    effect_id: str,
    body: dict[str, Any],
    read: Callable[[dict[str, Any]], Outcome],
    refusal: Code,
) -> Outcome:
    """``read`` makes the outcome of a 200's body; a KeyError, TypeError or ValueError in it: unreadable."""

    async def send(timeout_s: float) -> Outcome:
        reply = await wire.post(path, effect_id, body, timeout_s)
        if reply.status == _SLOW_DOWN:
            raise NotSent("429")
        if 400 <= reply.status < 500:
            return refused(refusal, str(reply.body.get("code", reply.status)))
        if reply.status != 200:
            raise NoAnswer(str(reply.status))
        try:
            return read(reply.body)
        except (KeyError, TypeError, ValueError) as error:
            raise NoAnswer("unreadable answer") from error

    try:
        return await envelope.call(send, repeat=True)
    except Unanswered as doubt:
        return unknown(doubt.code)


def whole(value: Any) -> int:
    """An integer of a JSON answer; a float or text where money or a score should be is unreadable."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def text(value: Any) -> str:
    """A text of a JSON answer, not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value
