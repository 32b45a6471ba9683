"""Results from outside: applied once, doubted once, never dropped; the pay-out, its doubt and its reversal."""

from datetime import date, timedelta
from typing import Any

import pytest
from loan_support import PROCESS, Life, bank, serial

from actors.loan.events import Disbursed, DisbursementFailed
from actors.loan.messages import (
    CloseDay,
    Disburse,
    DrawFacts,
    GetLoan,
    PendingView,
    PostRepayment,
    PrepareDraw,
    ReverseDisbursement,
    Sign,
    UploadProof,
)
from actors.turn import EffectDoubted, EffectSettled, IncidentOpened

DAY = date(2026, 1, 15)
PAID = {"core_date": "2026-01-15", "core_serial": "S1"}


def disbursing(**product: Any) -> Life:
    life = Life(DAY, bank(**product)).signed()
    assert isinstance(life.ask(Disburse(process_id=PROCESS, effect_id="P-1-0")), PendingView)
    return life


def test_a_pay_out_tells_its_process() -> None:
    life = disbursing()
    payload = life.effect("core.disburse").payload
    assert (payload["amount_fen"], payload["annual_rate"], payload["method"]) == (
        10_000_000,
        "0.06",
        "equal_instalment",
    )
    life.settle("core.disburse", **PAID)
    told = life.effect("ActivityDone")
    assert told.target == f"actor:{PROCESS}"
    assert told.payload["command"] == {
        "type": "ActivityDone",
        "effect_id": "P-1-0",
        "status": "done",
        "data": {"core_date": "2026-01-15", "core_serial": "S1"},
    }
    view = life.see(GetLoan())
    assert (view.status, view.disbursed_on, view.matures_on, view.core_serial) == (
        "active",
        DAY,
        date(2027, 1, 15),
        "S1",
    )


def test_the_schedule_runs_from_the_core_s_date() -> None:
    life = disbursing()
    life.settle("core.disburse", core_date="2026-01-16", core_serial="S1")
    assert life.loan.rows[0].due == date(2026, 2, 16)
    assert life.loan.closed_to == DAY


def test_a_refused_pay_out_can_be_drawn_again_under_a_new_number() -> None:
    life = disbursing()
    first = life.effect("core.disburse").id
    life.fail("core.disburse", "account_closed")
    command = life.effect("ActivityDone").payload["command"]
    assert (command["status"], command["code"]) == ("refused", "account_closed")
    assert (life.loan.status, life.loan.reason) == ("signed", "account_closed")
    life.ask(Disburse(process_id=PROCESS, effect_id="P-9-0"))
    assert life.effect("core.disburse").id != first


def test_an_unknown_pay_out_keeps_waiting_and_is_never_sent_again_by_the_loan() -> None:
    life = disbursing()
    before = life.effect("core.disburse")
    life.doubt("core.disburse")
    life.doubt("core.disburse")
    assert len(life.events(EffectDoubted)) == 1
    view = life.see(GetLoan())
    assert (view.status, view.disbursement_unknown) == ("disbursing", True)
    assert life.effect("core.disburse") == before
    assert life.refused(Disburse(process_id=PROCESS, effect_id="P-2-0")) == "loan_status"
    life.settle("core.disburse", **PAID)
    view = life.see(GetLoan())
    assert (view.status, view.disbursement_unknown) == ("active", False)


@pytest.mark.parametrize("data", [{}, {"core_date": "soon", "core_serial": "S1"}, {"core_date": "2026-01-15"}])
def test_an_answer_that_says_nothing_usable_is_a_doubt(data: dict[str, Any]) -> None:
    life = disbursing()
    life.settle("core.disburse", **data)
    assert (life.loan.status, life.pending()) == ("disbursing", ["core.disburse"])
    assert len(life.events(EffectDoubted)) == 1


@pytest.mark.parametrize("status", ["done", "refused"])
def test_a_definite_result_for_a_settled_effect_is_an_incident(status: str) -> None:
    life = disbursing()
    effect_id = life.effect("core.disburse").id
    life.fail("core.disburse", "disburse_refused")
    loan = life.loan
    life.outcome(effect_id, status, data=PAID if status == "done" else {})
    assert life.loan.status == "signed"
    assert life.loan.incidents == loan.incidents + 1
    assert life.events(IncidentOpened)[-1].effect_id == effect_id
    life.outcome(effect_id, "unknown")
    assert life.loan.incidents == loan.incidents + 1
    assert len(life.events(Disbursed)) + len(life.events(DisbursementFailed)) == 1


def test_a_refused_notice_is_an_incident_and_does_not_repeat() -> None:
    life = Life(DAY).active()
    life.ask(PostRepayment(amount_fen=10_000_000, source="counter", core_date=DAY, core_serial=serial()))
    life.fail("RestoreLine", "reservation_missing")
    assert life.pending() == []
    assert life.loan.incidents == 1
    assert life.events(EffectSettled)[-1].code == "reservation_missing"


def test_prepare_draw_gives_the_facts_and_changes_nothing() -> None:
    life = Life(DAY).signed()
    before = life.version
    facts = life.ask(PrepareDraw(process_id=PROCESS))
    assert isinstance(facts, DrawFacts)
    assert (facts.amount_fen, facts.product) == (10_000_000, "standard")
    assert life.version == before


def test_signing_needs_the_costs_confirmed_and_the_very_text() -> None:
    life = Life(DAY).contract()
    contract = life.loan.contract
    assert contract is not None
    assert life.refused(Sign(cost_confirmed=False, contract_hash=contract.hash)) == "costs_not_confirmed"
    assert life.refused(Sign(cost_confirmed=True, contract_hash="0" * 64)) == "contract_changed"
    life.ask(Sign(cost_confirmed=True, contract_hash=contract.hash))
    payload = life.effect("ca.sign").payload
    assert (payload["contract_hash"], payload["name_sealed"]) == (contract.hash, b"name")
    life.fail("ca.sign")
    assert (life.loan.status, life.loan.reason) == ("contract", "sign_refused")


def test_a_signed_loan_keeps_no_name_and_no_identity() -> None:
    life = Life(DAY).signed()
    assert (life.loan.name_sealed, life.loan.identity_sealed) == (b"", b"")
    assert life.loan.account_sealed == b"account"


# -- reversal of the pay-out -------------------------------------------------------------------------------------------


def test_a_pay_out_is_reversed_on_its_day() -> None:
    life = Life(DAY).active()
    life.ask(ReverseDisbursement(reason="误放"))
    payload = life.effect("core.reverse").payload
    assert payload["original_effect"] == life.loan.disburse_effect
    assert payload["amount_fen"] == 10_000_000
    life.settle("core.reverse", core_date="2026-01-15", core_serial="S2")
    assert (life.loan.status, life.loan.principal_fen_outstanding) == ("reversed", 0)
    command = life.effect("RestoreLine").payload["command"]
    assert (command["amount_fen"], command["reversed"]) == (10_000_000, True)
    assert life.balances() == {}
    before = life.version
    life.ask(ReverseDisbursement(reason="误放"))
    assert life.version == before


def test_a_reversal_asked_twice_while_under_way_is_one() -> None:
    life = Life(DAY).active()
    life.ask(ReverseDisbursement(reason="误放"))
    before = life.version
    life.ask(ReverseDisbursement(reason="误放"))
    assert (life.version, life.pending()) == (before, ["core.reverse"])


def test_a_refused_reversal_leaves_the_loan_active_and_says_why() -> None:
    life = Life(DAY).active()
    life.ask(ReverseDisbursement(reason="误放"))
    life.fail("core.reverse", "not_same_day")
    assert (life.loan.status, life.loan.reason) == ("active", "not_same_day")
    assert life.loan.principal_fen_outstanding == 10_000_000


def test_no_reversal_on_another_day_or_after_something_else() -> None:
    later = Life(DAY).active()
    later.today = DAY + timedelta(days=1)
    assert later.refused(ReverseDisbursement(reason="误放")) == "not_same_day"
    repaid = Life(DAY).active()
    repaid.ask(PostRepayment(amount_fen=100, source="counter", core_date=DAY, core_serial=serial()))
    assert repaid.refused(ReverseDisbursement(reason="误放")) == "later_operations"
    closed = Life(DAY).active()
    closed.ask(CloseDay(date=DAY))
    assert closed.refused(ReverseDisbursement(reason="误放")) == "later_operations"


# -- proof of use ------------------------------------------------------------------------------------------------------


def test_proof_of_use() -> None:
    life = Life(DAY).active()
    life.ask(UploadProof(document_hash="AB" * 32, amount_fen=5_000, kind="invoice"))
    assert (life.loan.proofs, life.loan.proof_fen) == (1, 5_000)
    assert life.refused(UploadProof(document_hash="xyz", amount_fen=5_000, kind="invoice")) == "bad_hash"
    assert life.refused(UploadProof(document_hash="g" * 64, amount_fen=5_000, kind="invoice")) == "bad_hash"
    assert life.refused(UploadProof(document_hash="ab" * 32, amount_fen=0, kind="invoice")) == "bad_amount"
