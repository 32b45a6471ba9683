"""Promise: whatever the core does to an instruction, money moves exactly once, and both books say the same at the end.

A disbursement or debit with unknown outcome is asked after under its own number, never sent under another one.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.borrower import WANTED, Borrower, borrower
from tests.e2e.live import BANK, TODAY, Live, until

AMOUNT_FEN = int(str(WANTED["amount_fen"]))
DOUBTS: dict[str, dict[str, Any]] = {
    "timeout after doing": {"kind": "timeout_after_doing"},
    "lost before doing": {"kind": "lose_before_doing"},
    "connection cut": {"kind": "down"},
    "unreadable reply": {"kind": "garble"},
    "still processing": {"kind": "unsure"},
}
"""Each strikes once: we do not know what became of the instruction until the core is asked."""
HARMLESS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "delay", "delay_ms": 300},
    "delivered twice": {"kind": "duplicate"},
}


@pytest.fixture(autouse=True)
async def well_again(live: Live) -> AsyncIterator[None]:
    yield
    await live.calm()
    await live.quiet()


async def _balance(live: Live, of: Borrower) -> int:
    found = await live.control.call("GET", "/core/balance", bank=BANK, account=of.person.account_no)
    return int(found["balance_fen"])


async def _one_instruction(live: Live, of: Borrower, operation: str, amount_fen: int) -> dict[str, Any]:
    """The only one of that loan there, done once."""
    (row,) = await live.core_book(of.loan_id, operation)
    assert (row["status"], row["applied"], row["moved_fen"]) == ("S", 1, amount_fen)
    return row


async def _draw(live: Live, of: Borrower) -> str:
    drawn = await of.ask("draw", f"draw-{of.loan_id}", wait_s=0, loan_id=of.loan_id)
    return str(drawn["process_id"])


async def _ended(of: Borrower, process_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def ended() -> bool:
        found.update(await of.ask("get_process", process_id=process_id))
        return bool(found["status"] != "running")

    await until(ended)
    return found


async def _paid_out_once(live: Live, of: Borrower, process_id: str) -> None:
    assert (await _ended(of, process_id))["status"] == "paid_out"
    await live.quiet()
    loan, line = await of.loan(), await of.line()
    assert (loan["status"], loan["disbursement_unknown"], loan["incidents"]) == ("active", False, 0)
    assert loan["principal_fen_outstanding"] == AMOUNT_FEN
    assert (line["used_fen"], line["reserved_fen"]) == (AMOUNT_FEN, 0)
    row = await _one_instruction(live, of, "disburse", AMOUNT_FEN)
    assert row["core_serial"] == loan["core_serial"]
    assert await _balance(live, of) == AMOUNT_FEN
    assert (await live.events(of.loan_id)).count("Disbursed") == 1
    repeated = await of.ask("draw", f"draw-{of.loan_id}", loan_id=of.loan_id)
    assert (repeated["process_id"], repeated["process"]["status"]) == (process_id, "paid_out")


@pytest.mark.parametrize("fault", HARMLESS)
async def test_a_disbursement_that_is(live: Live, front_name: str, fault: str) -> None:
    of = await borrower(live.front(front_name))
    await live.fault("core", operation="disburse", **HARMLESS[fault])
    await _paid_out_once(live, of, await _draw(live, of))
    assert "EffectDoubted" not in await live.events(of.loan_id)


@pytest.mark.parametrize("fault", DOUBTS)
async def test_a_disbursement_with(live: Live, front_name: str, fault: str) -> None:
    of = await borrower(live.front(front_name))
    await live.fault("core", operation="disburse", times=1, **DOUBTS[fault])
    process_id = await _draw(live, of)
    await _paid_out_once(live, of, process_id)
    assert (await live.events(of.loan_id)).count("EffectDoubted") == 1


async def test_while_the_outcome_is_unknown_everything_is_kept(live: Live, front_name: str) -> None:
    """The line stays reserved and nothing else may be done; it is resolved only when the core can be asked."""
    of = await borrower(live.front(front_name))
    await live.fault("core", "timeout_after_doing", operation="disburse", times=1)
    await live.fault("core", "lose_before_doing", operation="query")
    process_id = await _draw(live, of)

    async def unknown() -> bool:
        return bool((await of.loan())["disbursement_unknown"])

    await until(unknown)
    for _ in range(2):
        drawn = await of.ask("draw", f"draw-{of.loan_id}", wait_s=1, loan_id=of.loan_id)
        assert (drawn["state"], drawn["process_id"]) == ("processing", process_id)
    line = await of.line()
    assert (line["reserved_fen"], line["used_fen"]) == (AMOUNT_FEN, 0)
    assert (await of.front.ask("draw", loan_id=of.loan_id)).code == "loan_status"
    assert (await of.front.ask("repay", loan_id=of.loan_id, kind="due")).code == "loan_status"
    assert await _balance(live, of) == AMOUNT_FEN
    await live.calm()
    await _paid_out_once(live, of, process_id)


async def test_a_refused_disbursement_gives_the_line_back(live: Live, front_name: str) -> None:
    of = await borrower(live.front(front_name))
    await live.control.call("POST", "/core/mark", {"bank": BANK, "account": of.person.account_no, "closed": True})
    assert (await of.front.ask("draw", loan_id=of.loan_id)).code == "disburse_refused"
    await live.quiet()
    line = await of.line()
    assert (line["reserved_fen"], line["used_fen"]) == (0, 0)
    assert (await of.loan())["status"] == "signed"
    await live.control.call("POST", "/core/mark", {"bank": BANK, "account": of.person.account_no, "closed": False})
    await of.draw()
    rows = await live.core_book(of.loan_id, "disburse")
    assert [row["status"] for row in rows] == ["F", "S"]
    assert await _balance(live, of) == AMOUNT_FEN


async def test_the_core_down_then_back(live: Live, front_name: str) -> None:
    """Nothing is sent while nobody listens; when it is back the money goes out."""
    of = await borrower(live.front(front_name))
    await live.fault("core", "down")
    drawn = await of.ask("draw", f"draw-{of.loan_id}", wait_s=1, loan_id=of.loan_id)
    assert drawn["state"] == "processing"
    assert not await live.core_book(of.loan_id, "disburse")
    other = await borrower(live.front(front_name))  # everybody else goes on meanwhile
    assert (await other.loan())["status"] == "signed"
    await live.calm()
    await _paid_out_once(live, of, drawn["process_id"])


# -- auto-debit -------------------------------------------------------------------------------------------------------


async def _prepay(of: Borrower, amount_fen: int = 200_000) -> dict[str, Any]:
    return await of.ask(
        "repay", f"repay-{of.loan_id}", wait_s=0, loan_id=of.loan_id, kind="partial", amount_fen=amount_fen
    )


@pytest.mark.parametrize("fault", [*DOUBTS, *HARMLESS])
async def test_a_debit_with(live: Live, front_name: str, fault: str) -> None:
    of = await borrower(live.front(front_name), active=True)
    strikes = {**DOUBTS, **HARMLESS}[fault]
    await live.fault("core", operation="debit", **({"times": 1} | strikes))
    await _prepay(of)

    async def repaid() -> bool:
        return bool((await of.loan())["repayment"] == "repaid")

    await until(repaid)
    await live.quiet()
    loan = await of.loan()
    assert (loan["principal_fen_outstanding"], loan["incidents"]) == (AMOUNT_FEN - 200_000, 0)
    await _one_instruction(live, of, "debit", 200_000)
    assert await _balance(live, of) == AMOUNT_FEN - 200_000
    assert (await live.events(of.loan_id)).count("Repaid") == 1
    assert (await of.line())["used_fen"] == AMOUNT_FEN - 200_000
    assert (await _prepay(of))["state"] == "done"


async def test_while_a_debit_is_unknown_no_other_begins(live: Live, front_name: str) -> None:
    of = await borrower(live.front(front_name), active=True)
    await live.fault("core", "timeout_after_doing", operation="debit", times=1)
    await live.fault("core", "lose_before_doing", operation="query")
    await _prepay(of)

    async def unknown() -> bool:
        return bool((await of.loan())["repayment"] == "unknown")

    await until(unknown)
    assert (await _prepay(of))["state"] == "processing"
    second = await of.front.ask("repay", loan_id=of.loan_id, kind="partial", amount_fen=100_000)
    assert second.code == "repayment_in_flight"
    assert (await of.loan())["principal_fen_outstanding"] == AMOUNT_FEN
    assert await _balance(live, of) == AMOUNT_FEN - 200_000
    await live.calm()

    async def repaid() -> bool:
        return (await _prepay(of))["state"] == "done"

    await until(repaid)
    await _one_instruction(live, of, "debit", 200_000)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [({"amount_fen": -AMOUNT_FEN}, "debit_insufficient"), ({"frozen": True}, "debit_refused")],
    ids=["no money", "frozen"],
)
async def test_a_debit_that_fails_leaves_the_debt(
    live: Live, front_name: str, trouble: dict[str, Any], code: str
) -> None:
    of = await borrower(live.front(front_name), active=True)
    path = "/core/deposit" if "amount_fen" in trouble else "/core/mark"
    await live.control.call("POST", path, {"bank": BANK, "account": of.person.account_no, **trouble})
    before = await _balance(live, of)
    fields = {"loan_id": of.loan_id, "kind": "partial", "amount_fen": 200_000}
    assert (await of.front.ask("repay", f"fails-{of.loan_id}", **fields)).code == code
    loan = await of.loan()
    assert (loan["repayment"], loan["principal_fen_outstanding"]) == ("failed", AMOUNT_FEN)
    assert await _balance(live, of) == before
    assert (await of.front.ask("repay", f"fails-{of.loan_id}", **fields)).code == code


@pytest.mark.parametrize("fault", ["timeout after doing", "lost before doing"])
async def test_a_reversal_with(live: Live, front_name: str, fault: str) -> None:
    of = await borrower(live.front(front_name), active=True)
    await live.fault("core", operation="reverse", times=1, **DOUBTS[fault])
    asked = await of.ask(
        "reverse_disbursement", f"undo-{of.loan_id}", wait_s=0, loan_id=of.loan_id, reason="wrong person"
    )
    assert asked["state"] == "processing"

    async def reversed_() -> bool:
        return bool((await of.loan())["status"] == "reversed")

    await until(reversed_)
    await live.quiet()
    await _one_instruction(live, of, "reverse", AMOUNT_FEN)
    assert await _balance(live, of) == 0
    line = await of.line()
    assert (line["used_fen"], line["reserved_fen"]) == (0, 0)


async def test_a_late_debit_after_the_loan_was_paid_at_the_counter(live: Live, front_name: str) -> None:
    """The debit's outcome comes when nothing is owed any more: it is applied once, as money held for the customer."""
    of = await borrower(live.front(front_name), active=True)
    await live.fault("core", "timeout_after_doing", operation="debit", times=1)
    await live.fault("core", "lose_before_doing", operation="query")
    await _prepay(of)
    paid = {"source": "counter", "core_date": TODAY.isoformat(), "core_serial": f"C-{of.loan_id}"}
    posted = await of.ask("post_repayment", loan_id=of.loan_id, amount_fen=AMOUNT_FEN, **paid)
    assert posted["status"] == "settled"
    await live.calm()
    await live.quiet()
    loan = await of.loan()
    assert (loan["status"], loan["principal_fen_outstanding"], loan["suspense_fen"]) == ("settled", 0, 200_000)
    assert (await live.events(of.loan_id)).count("Repaid") == 2
    await _one_instruction(live, of, "debit", 200_000)
    line = await of.line()
    assert (line["used_fen"], line["available_fen"]) == (0, line["limit_fen"])
