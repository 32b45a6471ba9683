"""Draws on a line: check, reserve (预占), confirm (占用), release, restore (恢复), and asking what became of them.

A reservation is never given up by time alone: at its check time the customer asks the process, and only the process's
definite answer releases it. What status allows what stands in lifecycle.DRAW_TRANSITIONS.
"""

from typing import Any

from actors.codes import Code
from actors.customer.events import (
    DrawReopened,
    LineEnded,
    LineReserved,
    LineRestored,
    ReservationAsked,
    ReservationConfirmed,
    ReservationKept,
    ReservationReleased,
)
from actors.customer.line import available_fen, exposure_fen, outstanding_fen
from actors.customer.messages import (
    CheckDraw,
    ConfirmReservation,
    DrawTermsView,
    ReleaseReservation,
    ReopenDraw,
    ReservedView,
    ReserveLine,
    RestoreLine,
)
from actors.customer.state import CustomerState, Draw
from actors.process.messages import AskReservation
from actors.turn import (
    Accepted,
    Context,
    Decision,
    EffectDoubted,
    EffectSettled,
    Event,
    IncidentOpened,
    Refused,
    SettleEffect,
    ask_actor,
)


def check_draw(state: CustomerState, command: CheckDraw, ctx: Context) -> Decision:
    """For a new contract: would it be accepted now, and at what rate? Holds nothing."""
    if refusal := _refuse_draw(state, command, ctx):
        return refusal
    return Accepted(
        (),
        DrawTermsView(
            product=command.product,
            annual_rate=state.lines[command.product].annual_rate,
            available_fen=available_fen(state, command.product, ctx.business_date),
            account_sealed=state.account_sealed,
            name_sealed=state.name_sealed,
            identity_sealed=state.identity_sealed,
            birth_date=state.birth_date,
        ),
    )


def reserve(state: CustomerState, command: ReserveLine, ctx: Context) -> Decision:
    """Once per loan; the same process may ask again for the same sum, another one may not."""
    view = ReservedView(
        loan_id=command.loan_id,
        product=command.product,
        amount_fen=command.amount_fen,
        phone_sealed=state.phone_sealed,
    )
    draw = state.draws.get(command.loan_id)
    if draw is not None:
        asked = (command.product, command.process_id, command.amount_fen)
        if (draw.product, draw.process_id, draw.amount_fen) == asked:
            return Accepted((), view)
        return Refused(Code.LINE_STATUS, {"reserved_by": draw.process_id})
    if refusal := _refuse_draw(state, command, ctx):
        return refusal
    reserved = LineReserved(
        product=command.product,
        loan_id=command.loan_id,
        process_id=command.process_id,
        amount_fen=command.amount_fen,
        check_at_ms=max(command.check_at_ms, 1),
    )
    return Accepted((reserved,), view)


def _refuse_draw(state: CustomerState, command: CheckDraw | ReserveLine, ctx: Context) -> Refused | None:
    """The line is active (by the table); now the sum, arrears, the room on the line, the cap over all lines."""
    if command.amount_fen <= 0:
        return Refused(Code.BAD_AMOUNT)
    if state.blocked:
        return Refused(Code.DRAWS_BLOCKED, {"reasons": sorted(set(state.blocked.values()))})
    if state.overdue:
        return Refused(Code.CUSTOMER_OVERDUE)
    available = available_fen(state, command.product, ctx.business_date)
    if command.amount_fen > available:
        return Refused(Code.OVER_LINE, {"available_fen": available})
    cap_room = ctx.bank.customer_fen_cap - exposure_fen(state)
    if command.amount_fen > cap_room:
        return Refused(Code.OVER_LINE, {"available_fen": max(0, cap_room)})
    return None


def confirm(state: CustomerState, command: ConfirmReservation) -> Decision:
    draw = state.draws[command.loan_id]
    if draw.process_id != command.process_id:
        return Refused(Code.RESERVATION_MISSING)
    if draw.status == "used" and not draw.unconfirmed:
        return Accepted(())
    return Accepted((ReservationConfirmed(loan_id=command.loan_id),))


def release(state: CustomerState, command: ReleaseReservation) -> Decision:
    draw = state.draws.get(command.loan_id)
    if draw is None:
        return Accepted(())
    if draw.process_id != command.process_id:
        return Refused(Code.RESERVATION_MISSING)
    return Accepted((ReservationReleased(loan_id=command.loan_id),))


def restore(state: CustomerState, command: RestoreLine, ctx: Context) -> Decision:
    """Revolving: principal repaid comes back. Otherwise what was drawn stays used; only a reversal brings it back.

    A loan that repays has been paid out: a reservation still open is confirmed by it. A write-off ends the line, too.
    A draw that grows may take the line's use over its limit (超额): then nothing can be drawn.
    """
    draw = state.draws[command.loan_id]
    ended = command.settled or command.reversed or command.written_off
    grows = command.amount_fen < 0 == command.lost_fen and not ended
    if not grows and not 0 <= command.lost_fen <= command.amount_fen <= draw.amount_fen:
        return Refused(Code.BAD_AMOUNT, {"outstanding_fen": draw.amount_fen})
    product = ctx.bank.products.get(draw.product)
    revolving = product is not None and product.revolving
    freed_fen = draw.amount_fen if ended and not command.written_off else command.amount_fen
    restored = LineRestored(
        loan_id=command.loan_id,
        restored_fen=freed_fen - command.lost_fen if revolving or command.reversed or grows else 0,
        outstanding_fen=0 if ended else draw.amount_fen - command.amount_fen,
        ended=ended,
    )
    events: list[Event] = [restored]
    if draw.status == "reserved":
        events.insert(0, ReservationConfirmed(loan_id=command.loan_id, implied=True))
    if command.written_off and state.lines[draw.product].status != "ended":
        events.append(LineEnded(product=draw.product, loan_id=command.loan_id))
    return Accepted(tuple(events))


def reopen(state: CustomerState, command: ReopenDraw) -> Decision:
    """The line's use is at least what is outstanding under it; of a line that does not revolve it never went down."""
    line = state.lines.get(command.product)
    if line is None:
        return Refused(Code.LINE_MISSING)
    if command.amount_fen <= 0:
        return Refused(Code.BAD_AMOUNT)
    outstanding = outstanding_fen(state, command.product) + command.amount_fen
    reopened = DrawReopened(
        loan_id=command.loan_id,
        product=command.product,
        process_id=command.process_id,
        outstanding_fen=command.amount_fen,
        taken_fen=max(0, outstanding - line.used_fen),
    )
    return Accepted((reopened,))


def ask_processes(state: CustomerState, ctx: Context) -> Decision:
    """At wake-up: for each reservation whose check time has come, ask its process. Nothing due: no event."""
    due = [
        (loan_id, draw)
        for loan_id, draw in state.draws.items()
        if draw.status == "reserved" and 0 < draw.check_at_ms <= ctx.now_ms
    ]
    events: list[Event] = []
    for n, (loan_id, draw) in enumerate(due):
        request = ask_actor(ctx, n, draw.process_id, AskReservation(loan_id=loan_id))
        events += [ReservationAsked(loan_id=loan_id, effect_id=request.effect.id), request]
    return Accepted(tuple(events))


def settle(state: CustomerState, command: SettleEffect, ctx: Context) -> Decision:
    """The process's answer about a reservation; an answer that is not definite keeps it and asks again later."""
    pending = command.effect_id in state.effects
    if command.status == "unknown":
        if pending and command.effect_id not in state.doubted:
            return Accepted((EffectDoubted(effect_id=command.effect_id),))
        return Accepted(())
    if not pending:
        return Accepted((_incident(command),))
    settled = EffectSettled(effect_id=command.effect_id, code=command.code)
    loan_id, draw = _asked_by(state, command.effect_id)
    if draw is None:
        return Accepted((settled,))
    kept = ReservationKept(loan_id=loan_id, check_at_ms=ctx.now_ms + ctx.bank.reservation_check_s * 1000)
    if command.status == "refused":
        return Accepted((settled, _incident(command), kept))
    match command.data.get("answer"):
        case "confirmed":
            return Accepted((settled, ReservationConfirmed(loan_id=loan_id)))
        case "released":
            return Accepted((settled, ReservationReleased(loan_id=loan_id)))
        case _:
            return Accepted((settled, kept))


def _asked_by(state: CustomerState, effect_id: str) -> tuple[str, Draw | None]:
    """The reservation that this effect asks about, unless it has ended meanwhile."""
    for loan_id, draw in state.draws.items():
        if draw.asked == effect_id and draw.status == "reserved":
            return loan_id, draw
    return "", None


def _incident(command: SettleEffect) -> IncidentOpened:
    data: dict[str, Any] = {k: v for k, v in command.data.items() if isinstance(v, str | int | bool)}
    return IncidentOpened(effect_id=command.effect_id, code=command.code, data=data)
