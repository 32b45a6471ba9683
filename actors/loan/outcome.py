"""What came of an effect: a definite result is applied once, a doubt is noted once, a late one is for people.

`OUTCOMES` says for each effect what its result looks like and what follows from it; read it first.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from actors.loan import debit, disburse, opening, refund, signing, standing
from actors.loan.course import Course
from actors.loan.state import LoanState
from actors.turn import (
    Accepted,
    Context,
    Decision,
    Effect,
    EffectDoubted,
    EffectSettled,
    IncidentOpened,
    SettleEffect,
)


class Outcome(NamedTuple):
    """``answer``: the type of a done effect's data. Both functions get (course, effect id, answer or code)."""

    answer: Any
    done: Callable[[Course, str, Any], None]
    refused: Callable[[Course, str, str], None]


OUTCOMES: Final[dict[str, Outcome]] = {
    "CheckDraw": Outcome(opening.DrawTerms, opening.draw_allowed, opening.draw_refused),
    "ca.sign": Outcome(signing.Certificate, signing.signed, signing.not_signed),
    "core.disburse": Outcome(disburse.CoreBooking, disburse.paid_out, disburse.not_paid_out),
    "core.reverse": Outcome(disburse.CoreBooking, disburse.reversed_, disburse.not_reversed),
    "core.debit": Outcome(debit.Debited, debit.debited, debit.not_debited),
    "core.refund": Outcome(disburse.CoreBooking, refund.refunded, refund.not_refunded),
    "TellAccount": Outcome(standing.OwnAccount, standing.account_told, standing.account_untold),
}
"""By outside target, or by the command asked of another actor. Others are notices: their refusal is an incident."""


def settle(state: LoanState, command: SettleEffect, ctx: Context) -> Decision:
    course = Course(state, ctx)
    id, effect = command.effect_id, state.effects.get(command.effect_id)
    if effect is None:
        if command.status != "unknown":
            course.add(IncidentOpened(effect_id=id, code=command.code or command.status, data=command.data))
        return course.accepted()
    outcome = OUTCOMES.get(_what(effect))
    try:
        answer = _answer(command, outcome)
    except msgspec.ValidationError:
        return _doubt(course, id)
    if command.status not in ("done", "refused"):
        return _doubt(course, id)
    course.add(EffectSettled(effect_id=id, code="" if command.status == "done" else command.code or "refused"))
    if outcome is not None:
        if command.status == "done":
            outcome.done(course, id, answer)
        else:
            outcome.refused(course, id, command.code)
    elif command.status == "refused":
        course.add(IncidentOpened(effect_id=id, code=command.code or "refused", data=command.data))
    return course.accepted()


def _what(effect: Effect) -> str:
    command = effect.payload.get("command")
    return str(command["type"]) if command is not None else effect.target


def _answer(command: SettleEffect, outcome: Outcome | None) -> Any:
    """The typed answer of a done effect; ValidationError for one that says nothing usable: that is a doubt."""
    if command.status != "done" or outcome is None:
        return None
    answer = msgspec.convert(command.data, outcome.answer)
    if isinstance(answer, debit.Debited) and answer.debited_fen <= 0:
        raise msgspec.ValidationError("nothing debited")
    return answer


def _doubt(course: Course, effect_id: str) -> Decision:
    if effect_id in course.state.doubted:
        return Accepted(())
    course.add(EffectDoubted(effect_id=effect_id))
    return course.accepted()
