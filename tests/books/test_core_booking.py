"""Promise: what the core books by itself is known for each event, mode and account, and always balances."""

from typing import Any

import pytest

from actors.bank import Account, BankTerms
from cluster.books.chart import SETTLEMENT, Chart
from cluster.books.core_booking import core_booked


def chart(mode: Any = "instructed") -> Chart:
    loans = Account(name_zh="贷款", name_en="Loans", type="asset", direction="debit", core="1303")
    return Chart(
        BankTerms(
            code="b",
            name_zh="甲",
            name_en="A",
            province="省",
            ledger_mode=mode,
            accounts={"clearing": "3009"},
            chart={"1303.01": loans, "1303.02": loans},
        )
    )


BOOKED = {"core_date": "2026-01-05", "core_serial": "S1"}
DEBIT = BOOKED | {
    "amount_fen": 1_000,
    "principal_fen": 700,
    "interest_fen": 200,
    "penalty_fen": 60,
    "compound_fen": 30,
    "fee_fen": 10,
    "source": "debit",
}


@pytest.mark.parametrize(
    ("mode", "type", "event", "lines"),
    [
        ("instructed", "Disbursed", BOOKED | {"amount_fen": 5}, {"1303": 5, "2011": -5}),
        ("core_calculated", "Disbursed", BOOKED | {"amount_fen": 5}, {"1303": 5, "2011": -5}),
        ("gl_summary", "Disbursed", BOOKED | {"amount_fen": 5}, {"3009": 5, "2011": -5}),
        ("instructed", "DisbursementReversed", BOOKED | {"amount_fen": 5}, {"1303": -5, "2011": 5}),
        ("gl_summary", "DisbursementReversed", BOOKED | {"amount_fen": 5}, {"3009": -5, "2011": 5}),
        (
            "instructed",
            "Repaid",
            DEBIT,
            {"2011": 1_000, "1303": -700, "1132.01": -200, "1132.02": -60, "1132.03": -30, "6021": -10},
        ),
        ("gl_summary", "Repaid", DEBIT, {"2011": 1_000, "3009": -1_000}),
        ("instructed", "Repaid", DEBIT | {"source": "court"}, {"2011": 1_000, "3009": -1_000}),
        ("instructed", "SuspenseRefunded", BOOKED | {"amount_fen": 5}, {"2241": 5, "2011": -5}),
        ("gl_summary", "SuspenseRefunded", BOOKED | {"amount_fen": 5}, {"3009": 5, "2011": -5}),
        (
            "instructed",
            "RepaymentReversed",
            DEBIT,
            {"2011": -1_000, "1303": 700, "1132.01": 200, "1132.02": 60, "1132.03": 30, "6021": 10},
        ),
        ("instructed", "RepaymentReversed", DEBIT | {"source": "counter"}, {"2011": -1_000, "3009": 1_000}),
        (
            "instructed",
            "Repaid",
            BOOKED | {"amount_fen": 9, "principal_fen": 7, "source": "debit"},
            {"2011": 9, "1303": -7, "2241": -2},
        ),
    ],
)
def test_rows(mode: str, type: str, event: dict[str, Any], lines: dict[str, int]) -> None:
    booked = core_booked(chart(mode), type, event)
    assert booked is not None
    assert booked[0].isoformat() == "2026-01-05"
    assert dict(booked[1]) == lines
    assert sum(lines.values()) == 0


def test_the_cores_own_split_in_place_of_ours() -> None:
    booked = core_booked(chart("core_calculated"), "Repaid", DEBIT, [100, 0, 150, 740])
    assert booked is not None
    assert dict(booked[1]) == {"2011": 1_000, "1132.02": -100, "1132.01": -150, "1303": -740, "2241": -10}


@pytest.mark.parametrize("event", [{"amount_fen": 5}, BOOKED | {"core_serial": ""}, {"core_serial": "S"}])
def test_without_date_and_serial_the_core_has_booked_nothing(event: dict[str, Any]) -> None:
    assert core_booked(chart(), "Disbursed", event) is None


def test_what_is_compared_with_the_core() -> None:
    own = chart()
    assert [own.core(code) for code in ("1303.01", "1303.02", "1303.03", "9999")] == ["1303", "1303", "1303.03", "9999"]
    assert {own.agreeing(code) for code in ("2011", "3009")} == {SETTLEMENT}
    assert own.agreeing("1303") == "1303"
    assert own.account("M1").type == "memo"
