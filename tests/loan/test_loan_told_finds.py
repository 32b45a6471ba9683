"""Each check of the checker's fold can fail: one figure of one event is forged, and the fold names what is wrong."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest
from loan_support import Life
from msgspec.structs import replace
from test_golden_postings import (
    DAY,
    DUE,
    ONE,
    ROWS,
    STOPS,
    TWO,
    at,
    corrected,
    lent,
    pay,
    resumed,
    written_off,
)

from actors.loan.messages_rare import ExtendLoan, Reclassify
from cluster.verify.loan_book import KNOWN_WITHOUT_MONEY, end, take
from cluster.verify.loan_story import LoanStory
from cluster.verify.loan_terms import Rules

Fields = dict[str, Any]
Forge = Callable[[Fields], object]


def add(name: str, fen: int = 1) -> Forge:
    return lambda fields: fields.update({name: fields.get(name, 0) + fen})


def put(name: str, value: Any) -> Forge:
    return lambda fields: fields.update({name: value})


def cell(name: str, index: int, position: int, fen: int = 1) -> Forge:
    """One figure of one of the event's rows."""

    def forge(fields: Fields) -> None:
        rows = [list(row) for row in fields[name]]
        rows[index][position] += fen
        fields[name] = rows

    return forge


def drop(name: str) -> Forge:
    return lambda fields: fields.pop(name)


def several() -> Life:
    """Two instalments overdue, then part of them paid."""
    return pay(at(lent("equal_principal", 10), date(2026, 3, 20)), "9000.00")


def compounding() -> Life:
    """Compound on penalty and compound too, over a compounding day."""
    life = Life(DAY, lent().bank)
    product = replace(life.bank.products["standard"], compound_on="all")
    life.bank = replace(life.bank, products={"standard": product})
    return at(life.active("0.072", method="bullet", periods=1), DUE + 40 * ONE)


def extended() -> Life:
    life = at(lent("equal_principal", 10), DAY + 10 * ONE)
    life.ask(ExtendLoan(periods=2, **TWO))
    return life


def misused() -> Life:
    return at(ROWS["misuse"][1](), DAY + 12 * ONE)


def reclassified() -> Life:
    life = at(lent(), STOPS + ONE)
    life.ask(Reclassify(risk_class=4, until=None, **TWO))
    return life


WRONG: list[tuple[str, Callable[[], Life], str, Forge, int, str]] = [
    # closes
    ("interest accrued", lambda: at(lent(), DAY + 5 * ONE), "DayClosed", add("accrued_fen"), 6, "interest by days"),
    ("its tax", lambda: at(lent(), DAY + 5 * ONE), "DayClosed", add("accrued_vat_fen"), 6, "deferred tax"),
    (
        "a day twice",
        lambda: at(lent(), DAY + 5 * ONE),
        "DayClosed",
        put("from_date", "2026-01-17"),
        6,
        "closes in order",
    ),
    ("billed", lambda: at(lent(), DUE), "DayClosed", cell("due", 0, 2), 6, "billed another sum than planned"),
    ("principal billed", lambda: at(lent(), DUE), "DayClosed", cell("due", 0, 1), 6, "billed another sum than planned"),
    ("not billed", lambda: at(lent(), DUE), "DayClosed", drop("due"), 6, "not billed"),
    ("tax billed", lambda: at(lent(), DUE), "DayClosed", cell("due", 0, 3), 6, "tax of interest"),
    ("another row", lambda: at(lent(), DUE), "DayClosed", cell("due", 0, 0), 6, "fell due out of turn"),
    ("penalty", lambda: at(lent(), DUE + ONE), "DayClosed", cell("penalties", 0, 1), 6, "penalty by days"),
    ("no penalty", lambda: at(lent(), DUE + ONE), "DayClosed", drop("penalties"), 6, "penalty by days"),
    ("compound", lambda: at(lent(), DUE + ONE), "DayClosed", cell("compounds", 0, 1), 6, "compound by days"),
    ("tax of penalty", lambda: at(lent(), DUE + ONE), "DayClosed", add("penalty_vat_fen"), 6, "tax of penalty"),
    (
        "compound's base",
        lambda: at(compounding(), DUE + 28 * ONE),
        "DayClosed",
        cell("compounds", 0, 2),
        6,
        "compound's base",
    ),
    (
        "overdue",
        lambda: at(lent(), DUE + ONE),
        "DayClosed",
        cell("lapsed", 0, 1),
        6,
        "another principal became overdue",
    ),
    ("grace", lambda: at(lent(), DUE + ONE), "DayClosed", put("lapsed_to", 0), 6, "grace went on"),
    ("grace cut short", lambda: at(lent(), DUE), "DayClosed", put("lapsed_to", 1), 6, "overdue before its grace ended"),
    ("class", lambda: at(lent(), DUE + ONE), "DayClosed", drop("risk_class"), 6, "risk class"),
    ("a worse class", lambda: at(lent(), DAY + ONE), "DayClosed", put("risk_class", 2), 6, "risk class"),
    ("allowance", lambda: at(lent(), DAY + ONE), "DayClosed", add("provision_fen"), 6, "allowance"),
    (
        "tax off balance",
        lambda: at(lent(), STOPS + ONE),
        "DayClosed",
        put("penalty_vat_fen", 1),
        6,
        "tax in non-accrual",
    ),
    ("misuse", misused, "DayClosed", add("misuse_fen", 2), 6, "penalty for misuse by days"),
    # accrual
    (
        "stopped late",
        lambda: at(lent(), STOPS),
        "AccrualStopped",
        put("on", "2026-05-18"),
        6,
        "accrual stopped out of turn",
    ),
    (
        "stopped a sum",
        lambda: at(lent(), STOPS),
        "AccrualStopped",
        add("penalty_fen_due"),
        6,
        "reversed another sum than recognised",
    ),
    (
        "stopped tax",
        lambda: at(lent(), STOPS),
        "AccrualStopped",
        add("vat_fen_receivable"),
        6,
        "tax of what was reversed",
    ),
    ("resumed", resumed, "AccrualResumed", add("accrued_fen"), 6, "recognised another sum than claimed"),
    ("resumed on", resumed, "AccrualResumed", put("on", "2026-06-18"), 6, "accrual resumed out of turn"),
    # repayments
    ("repaid", several, "Repaid", add("amount_fen"), 1, "repayment does not add up"),
    ("a part", several, "Repaid", cell("parts", 0, 2), 6, "parts do not add up"),
    ("more than due", lambda: pay(at(lent(), DUE), "100.00"), "Repaid", cell("parts", 0, 1), 6, "allocation"),
    ("tax of early interest", ROWS["prepayment-fee"][1], "Repaid", add("vat_fen"), 6, "tax of early interest"),
    ("fee", ROWS["prepayment-fee"][1], "Repaid", add("fee_fen"), 6, "prepayment fee"),
    ("tax of the fee", ROWS["prepayment-fee"][1], "Repaid", add("fee_vat_fen"), 6, "tax of the fee"),
    ("a plan", ROWS["prepayment-fee"][1], "Repaid", cell("replanned", 0, 0), 6, "schedule"),
    ("no plan", ROWS["prepayment-fee"][1], "Repaid", drop("replanned"), 6, "schedule"),
    ("tax collected", ROWS["repay-in-non-accrual"][1], "Repaid", add("vat_fen"), 6, "tax of interest collected"),
    ("settled", ROWS["settled"][1], "LoanSettled", add("allowance_fen"), 1, "settled with an allowance left"),
    # rarer events
    ("waived by one", ROWS["waiver"][1], "Waived", put("approval", ["a", "a", ""]), 6, "two persons"),
    ("waiver's tax", ROWS["waiver"][1], "Waived", add("vat_fen"), 6, "tax of a waiver"),
    ("waiver's part", ROWS["waiver"][1], "Waived", cell("parts", 0, 1), 6, "parts do not add up"),
    ("written off", written_off, "WrittenOff", add("interest_fen"), 1, "wrote off another sum than owed"),
    ("topped up", written_off, "WrittenOff", add("provision_fen"), 1, "allowance is not the principal written off"),
    ("recovered", ROWS["recovery"][1], "Recovered", add("amount_fen"), 1, "recovery does not add up"),
    (
        "claim waived",
        ROWS["waiver-after-write-off"][1],
        "Waived",
        add("interest_fen", 10**9),
        1,
        "more than was claimed",
    ),
    ("extended", extended, "Extended", cell("rows", 0, 1), 6, "schedule"),
    ("rates", extended, "Extended", add("penalty_e10"), 6, "rates"),
    (
        "restructured",
        ROWS["restructured"][1],
        "Restructured",
        add("interest_fen"),
        6,
        "restructured another sum than owed",
    ),
    (
        "restructured, normal",
        ROWS["restructured"][1],
        "Restructured",
        put("risk_class", 1),
        6,
        "restructured and normal",
    ),
    (
        "accelerated",
        ROWS["accelerated"][1],
        "Accelerated",
        add("interest_fen"),
        6,
        "accelerated another sum than not due",
    ),
    ("misuse of the past", ROWS["misuse"][1], "MisuseMarked", add("penalty_fen"), 6, "penalty for misuse"),
    ("by hand", reclassified, "Reclassified", put("risk_class", 2), 6, "risk class"),
    ("an ECL figure", ROWS["ecl-allowance"][1], "AllowanceSet", add("provision_fen"), 6, "allowance"),
    ("refund", ROWS["refunded"][1], "SuspenseRefunded", add("amount_fen"), 1, "below zero"),
    # corrections
    (
        "reversed",
        ROWS["repayment-reversed"][1],
        "RepaymentReversed",
        add("amount_fen"),
        1,
        "reversed what was not posted on the day",
    ),
    ("corrected what", corrected, "RepaymentCorrected", put("linked_serial", "K9"), 1, "corrected what was not posted"),
    ("difference", corrected, "RepaymentCorrected", cell("booked", 0, 1), 2, "correction books another difference"),
    ("money", corrected, "RepaymentCorrected", lambda f: f["money"].update(balance_fen=7), 1, "principal of the rows"),
]


def found(life: Life, of: str, forge: Forge | None) -> list[tuple[int, str]]:
    """(invariant, check) of what is wrong when the last event of this type is forged."""
    last = max(n for n, event in enumerate(life.journal) if type(event).__name__ == of)
    story = LoanStory((Rules.of(msgspec.json.decode(msgspec.json.encode(life.bank))),))
    for n, event in enumerate(life.journal):
        fields = msgspec.msgpack.decode(msgspec.msgpack.encode(event))
        if forge is not None and n == last:
            forge(fields)
        if type(event).__name__ not in KNOWN_WITHOUT_MONEY:
            take(story, type(event).__name__, fields)
    end(story)
    return [(invariant, check) for invariant, check, _ in story.faults]


@pytest.mark.parametrize("what", WRONG, ids=lambda what: what[0])
def test_finds(what: tuple[str, Callable[[], Life], str, Forge, int, str]) -> None:
    _, live, of, forge, invariant, check = what
    life = live()
    assert found(life, of, None) == []
    assert (invariant, check) in found(life, of, forge)


def test_an_event_left_out() -> None:
    """Accrual that had to stop or resume and did not."""
    for life, of, check in (
        (at(lent(), STOPS + ONE), "AccrualStopped", "accrual went on"),
        (resumed(), "AccrualResumed", "accrual not resumed"),
    ):
        life.journal = [event for event in life.journal if type(event).__name__ != of]
        story = LoanStory((Rules.of(msgspec.json.decode(msgspec.json.encode(life.bank))),))
        for event in life.journal:
            if type(event).__name__ not in KNOWN_WITHOUT_MONEY:
                take(story, type(event).__name__, msgspec.msgpack.decode(msgspec.msgpack.encode(event)))
        end(story)
        assert check in [name for _, name, _ in story.faults]


@pytest.mark.parametrize("allocation", ["by_instalment", "by_component"])
@pytest.mark.parametrize("bucket", [(), ((1, "by_instalment"), (31, "by_component"))])
def test_the_other_order_of_allocation(allocation: str, bucket: Any) -> None:
    """The terms say one order, the repayment kept the other."""
    bank = lent().bank
    product = replace(bank.products["standard"], allocation=allocation, allocation_overdue=bucket)
    life = Life(DAY, replace(bank, products={"standard": product})).active(
        "0.072", method="equal_principal", periods=10
    )
    pay(at(life, date(2026, 3, 20)), "10700.00")
    kept = bucket[-1][1] if bucket else allocation
    other = "by_instalment" if kept == "by_component" else "by_component"

    def forge(fields: Fields) -> None:
        terms = fields["terms"]
        terms[18], terms[19] = other, []

    assert found(life, "Repaid", None) == []
    assert (6, "allocation") in found(life, "ContractDrawn", forge)
