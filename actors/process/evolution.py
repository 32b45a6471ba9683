"""State of a process after an event: only copies what the event says, never decides and never refuses."""

from msgspec.structs import replace

from actors.process.events import ProcessEnded, ProcessEvent, ProcessStarted, TokenMoved
from actors.process.state import ProcessState
from actors.turn import EffectDoubted, EffectRequested, EffectSettled, IncidentOpened


def evolve(state: ProcessState | None, event: ProcessEvent) -> ProcessState:
    if state is None:
        assert isinstance(event, ProcessStarted)
        return ProcessState(
            id=event.process_id,
            bank=event.bank,
            definition=event.definition,
            definition_version=event.definition_version,
            customer_id=event.customer_id,
            loan_id=event.loan_id,
            product=event.product,
            at=event.at,
            variables=event.variables,
            started_on=event.on,
            started_ms=event.at_ms,
        )
    match event:
        case TokenMoved():
            return _moved(state, event)
        case ProcessEnded():
            return replace(
                state,
                status=event.status,
                reasons=event.reasons,
                limit_fen=event.limit_fen,
                annual_rate=event.annual_rate,
                score=event.score,
                ended_ms=event.at_ms,
                variables={},
                waits_for="",
            )
        case EffectRequested():
            return replace(state, effects={**state.effects, event.effect.id: event.effect})
        case EffectSettled():
            return replace(
                state,
                effects={i: e for i, e in state.effects.items() if i != event.effect_id},
                doubted=tuple(i for i in state.doubted if i != event.effect_id),
            )
        case EffectDoubted():
            return replace(state, doubted=(*state.doubted, event.effect_id))
        case IncidentOpened():
            return replace(state, incidents=state.incidents + 1)
        case ProcessStarted():
            raise AssertionError("a process starts once")


def _moved(state: ProcessState, event: TokenMoved) -> ProcessState:
    loan = event.learnt.get("loan")
    return replace(
        state,
        at=event.path[-1] if event.path else state.at,
        waits_for=event.waits_for,
        outcomes={**state.outcomes, **event.outcomes},
        variables={**state.variables, **event.learnt},
        product=loan["product"] if loan else state.product,
    )
