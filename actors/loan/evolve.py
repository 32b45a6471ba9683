"""How each event changes the loan. Never refuses, never computes what an event already says; replay runs this alone."""

from typing import Any, assert_never

from msgspec.structs import replace

from actors.loan import events as e
from actors.loan.evolve_corrections import corrected
from actors.loan.evolve_money import closed, disbursed, repaid, resumed, stopped
from actors.loan.evolve_rare import rarely
from actors.loan.repricing import repriced_by
from actors.loan.state import Debit, LoanState
from actors.turn import EffectDoubted, EffectRequested, EffectSettled, IncidentOpened


def evolve(state: LoanState | None, event: e.LoanEvent) -> LoanState:
    """``state`` None only before `ContractRequested`, which brings the loan into being."""
    if isinstance(event, e.Repaid):
        assert state is not None
        return repaid(state, event)
    if isinstance(event, e.ContractRequested):
        return LoanState(bank=event.bank, customer_id=event.customer_id, status="drafting", terms=event.terms)
    assert state is not None, type(event).__name__
    match event:
        case e.DayClosed():
            return closed(state, event)
        case e.AccrualStopped():
            return stopped(state, event)
        case e.AccrualResumed():
            return resumed(state, event)
        case e.Repriced():
            return repriced_by(state, event)
        case EffectRequested() | EffectSettled() | EffectDoubted() | IncidentOpened():
            return _effect(state, event)
        case e.RepaymentRequested():
            debit = Debit(effect_id=event.effect_id, kind=event.kind, amount_fen=event.amount_fen, on=event.on)
            return replace(state, debit=debit, repayment="in_flight", reason="")
        case e.RepaymentFailed():
            return replace(state, debit=None, repayment="failed", reason=event.code)
        case e.LoanSettled():
            return replace(state, status="settled", settled_on=event.on, allowance_fen=0, vat_fen_receivable=0)
        case e.ProofUploaded():
            return replace(state, proofs=state.proofs + 1, proof_fen=state.proof_fen + event.amount_fen)
        case e.ContractDrawn() | e.ContractRefused() | e.SigningRequested() | e.Signed() | e.SigningRefused():
            return _contract(state, event)
        case (
            e.DisbursementRequested()
            | e.Disbursed()
            | e.DisbursementFailed()
            | e.ReversalRequested()
            | e.DisbursementReversed()
            | e.ReversalRefused()
        ):
            return _payout(state, event)
        case e.RepaymentReversed() | e.RepaymentCorrected() | e.TombstoneLeft():
            return corrected(state, event)
        case _:
            return rarely(state, event)


def _contract(
    state: LoanState,
    event: e.ContractDrawn | e.ContractRefused | e.SigningRequested | e.Signed | e.SigningRefused,
) -> LoanState:
    match event:
        case e.ContractDrawn():
            return replace(
                state,
                status="contract",
                terms=event.terms,
                contract=event.contract,
                account_sealed=event.account_sealed,
                name_sealed=event.name_sealed,
                identity_sealed=event.identity_sealed,
            )
        case e.ContractRefused():
            return replace(state, status="refused", reason=event.code)
        case e.SigningRequested():
            return replace(state, status="signing", reason="")
        case e.Signed():
            assert state.contract is not None
            contract = replace(state.contract, certificate_no=event.certificate_no, signed_at=event.signed_at)
            return replace(state, status="signed", contract=contract, name_sealed=b"", identity_sealed=b"")
        case e.SigningRefused():
            return replace(state, status="contract", reason=event.code)
        case _:
            assert_never(event)


def _payout(
    state: LoanState,
    event: e.DisbursementRequested
    | e.Disbursed
    | e.DisbursementFailed
    | e.ReversalRequested
    | e.DisbursementReversed
    | e.ReversalRefused,
) -> LoanState:
    match event:
        case e.DisbursementRequested():
            return replace(
                state,
                status="disbursing",
                reason="",
                disburse_effect=event.effect_id,
                process_id=event.process_id,
                process_effect=event.process_effect,
            )
        case e.Disbursed():
            return disbursed(state, event)
        case e.DisbursementFailed():
            return replace(state, status="signed", reason=event.code)
        case e.ReversalRequested():
            return replace(state, status="reversing", reason="")
        case e.DisbursementReversed():
            return replace(
                state,
                status="reversed",
                principal_fen_outstanding=0,
                balance_fen=0,
                money_version=state.money_version + 1,
                restore_fen_waiting=event.amount_fen,
            )
        case e.ReversalRefused():
            return replace(state, status="active", reason=event.code)
        case _:
            assert_never(event)


def _effect(state: LoanState, event: EffectRequested | EffectSettled | EffectDoubted | IncidentOpened) -> LoanState:
    match event:
        case EffectRequested():
            effect = event.effect
            return replace(state, effects=state.effects | {effect.id: effect}, **_told(state, effect.payload))
        case EffectSettled():
            effects = {id: effect for id, effect in state.effects.items() if id != event.effect_id}
            return replace(state, effects=effects, doubted=tuple(d for d in state.doubted if d != event.effect_id))
        case EffectDoubted():
            unknown: dict[str, Any] = {}
            if state.debit is not None and state.debit.effect_id == event.effect_id:
                unknown["repayment"] = "unknown"
            if state.refund is not None and state.refund.effect_id == event.effect_id:
                unknown["refund_end"] = "refund_unknown"
            return replace(state, doubted=(*state.doubted, event.effect_id), **unknown)
        case IncidentOpened():
            return replace(state, incidents=state.incidents + 1)
        case _:
            assert_never(event)


def _told(state: LoanState, payload: dict[str, Any]) -> dict[str, Any]:
    """What a notice to the customer takes off the list of what is still to be told (notices.py)."""
    command = payload.get("command")
    if command is None:
        return {}
    match command["type"]:
        case "RestoreLine":
            ended = bool(command.get("settled") or command.get("written_off"))
            told = state.settlement_told or ended
            return {"restore_fen_waiting": 0, "lost_fen_waiting": 0, "settlement_told": told}
        case "NoteOverdue":
            return {"overdue_told": bool(command["overdue"])}
        case "ReopenDraw":
            return {"restore_fen_waiting": 0, "lost_fen_waiting": 0, "settlement_told": False}
        case "BlockDraws":
            return {"block_told": command.get("reason", "")}
        case _:
            return {}
