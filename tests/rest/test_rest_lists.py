"""Promise: lists are paged by key, show no personal data, and only what the bank's own actor vouches for."""

from datetime import date
from typing import NamedTuple

from rest_support import BANK, CUSTOMER, LOAN, Edge, entry

from actors.customer.messages import GetCustomer
from actors.loan.messages import GetLoan


class Loan(NamedTuple):
    id: str
    product: str | None
    status: str | None
    principal_fen_outstanding: int | None
    next_due: date | None


async def test_loans_page_by_page(front: Edge) -> None:
    front.router.on(GetCustomer, {"customer_id": CUSTOMER})
    front.rows.loans = [Loan(f"L{n}", "MD01", "active", n, date(2026, 4, n)) for n in range(1, 6)]
    seen, after = [], ""
    for _ in range(3):
        reply = await front.client.call("list_loans", {"customer_id": CUSTOMER, "limit": 2, "after": after})
        seen += [item["loan_id"] for item in reply.body["items"]]
        after = reply.body["next"]
    assert (seen, after) == (["L1", "L2", "L3", "L4", "L5"], "")


async def test_a_loan_without_terms_yet_is_listed(front: Edge) -> None:
    front.router.on(GetCustomer, {"customer_id": CUSTOMER})
    front.rows.loans = [Loan("L1", None, None, None, None)]
    reply = await front.client.call("list_loans", {"customer_id": CUSTOMER})
    assert reply.body["items"] == [
        {"loan_id": "L1", "product": "", "status": "", "principal_fen_outstanding": 0, "next_due": None}
    ]


async def test_transactions_show_sums_and_nothing_sealed(front: Edge) -> None:
    front.router.on(GetLoan, {"loan_id": LOAN})
    front.rows.entries = [
        entry(3, "Disbursed", amount_fen=100, core_serial="S1", account_sealed=b"x", name="张三"),
        entry(4, "EffectRequested", effect={"payload": "secret"}),
        entry(5, "Repaid", principal_fen=7, source="counter"),
    ]
    first = (await front.client.call("list_transactions", {"loan_id": LOAN, "limit": 1})).body
    assert first["items"][0]["facts"] == {"amount_fen": 100, "core_serial": "S1"}
    assert (first["items"][0]["version"], first["next"]) == (3, 3)
    second = (await front.client.call("list_transactions", {"loan_id": LOAN, "after": 3})).body
    assert [(item["type"], item["facts"]) for item in second["items"]] == [
        ("Repaid", {"principal_fen": 7, "source": "counter"})
    ]
    assert second["next"] == 0


async def test_lists_of_another_bank_s_customer_are_not_found(front: Edge) -> None:
    front.rows.loans = [Loan("L1", "MD01", "active", 1, None)]
    for operation, fields in (("list_loans", {"customer_id": CUSTOMER}), ("list_transactions", {"loan_id": LOAN})):
        reply = await front.client.call(operation, fields)
        assert (reply.status, reply.code) == (404, "not_found")


async def test_products_are_the_bank_s_own(front: Edge) -> None:
    reply = await front.client.call("list_products")
    assert (reply.body["bank"], reply.body["business_date"]) == (BANK, "2026-03-02")
    assert [product["code"] for product in reply.body["products"]] == ["MD01"]
