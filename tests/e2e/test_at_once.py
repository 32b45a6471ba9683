"""Promise: what comes at once through different gateways and fronts is done as if one after the other, each once."""

import asyncio

from tests.e2e.borrower import Borrower, borrower
from tests.e2e.live import TODAY, Live

COUNTER = {"source": "counter", "core_date": TODAY.isoformat()}


async def test_one_repayment_sent_ten_times_at_once(live: Live, front_name: str) -> None:
    of = await borrower(live.front(front_name), active=True)
    fronts = [live.front(front_name, gateway=n % 2) for n in range(10)]
    fields = {"loan_id": of.loan_id, "amount_fen": 100_000, "core_serial": "ONE", **COUNTER}
    heard = await asyncio.gather(*(each.ask("post_repayment", f"one-{of.loan_id}", **fields) for each in fronts))
    assert all(each == heard[0] for each in heard)
    assert heard[0].body["principal_fen"] == 100_000
    assert (await of.loan())["principal_fen_repaid"] == 100_000


async def test_ten_repayments_at_once(live: Live) -> None:
    """Half by REST, half by the ESB, at one loan: every one counts."""
    of = await borrower(live.rest(), active=True)
    fronts = [live.front(name, gateway=n % 2) for n, name in enumerate(["rest", "esb"] * 5)]
    heard = await asyncio.gather(
        *(
            each.ask("post_repayment", loan_id=of.loan_id, amount_fen=10_000 + n, core_serial=f"N{n}", **COUNTER)
            for n, each in enumerate(fronts)
        )
    )
    assert [each.code for each in heard] == [""] * 10
    assert sum(each.body["principal_fen"] for each in heard) == 100_045
    assert (await of.loan())["principal_fen_repaid"] == 100_045
    assert len({each.body["principal_fen_outstanding"] for each in heard}) == 10


async def test_two_draws_that_only_fit_one(live: Live, front_name: str) -> None:
    """A line of 50,000 yuan, two contracts of 30,000: one is paid out, the other told that it is over the line."""
    of = await (await Borrower(live.front(front_name)).join()).get_line()
    signed = []
    for _ in range(2):
        await of.sign(amount_fen=3_000_000)
        signed.append(of.loan_id)
    fronts = [live.front(front_name, gateway=n) for n in (0, 1)]
    heard = await asyncio.gather(
        *(each.ask("draw", loan_id=loan_id) for each, loan_id in zip(fronts, signed, strict=True))
    )
    assert sorted(each.code for each in heard) == ["", "over_line"]
    await live.quiet()
    line = await of.line()
    assert (line["used_fen"], line["reserved_fen"]) == (3_000_000, 0)
    paid = [row for loan_id in signed for row in await live.core_book(loan_id, "disburse")]
    assert [row["applied"] for row in paid] == [1]


async def test_one_contract_drawn_twice_at_once(live: Live, front_name: str) -> None:
    """Two operation ids, so two drawdowns: one pays out, the other finds the loan taken."""
    of = await borrower(live.front(front_name))
    fronts = [live.front(front_name, gateway=n) for n in (0, 1)]
    heard = await asyncio.gather(*(each.ask("draw", loan_id=of.loan_id) for each in fronts))
    codes = sorted(each.code for each in heard)
    assert codes[0] == ""
    assert codes[1] in ("loan_status", "line_status")
    await live.quiet()
    (row,) = await live.core_book(of.loan_id, "disburse")
    assert row["applied"] == 1
    line = await of.line()
    assert (line["used_fen"], line["reserved_fen"]) == (1_000_000, 0)


async def test_a_debit_and_a_payment_at_the_counter_at_once(live: Live, front_name: str) -> None:
    of = await borrower(live.front(front_name), active=True)
    other = live.front("esb" if front_name == "rest" else "rest", gateway=1)
    debit, posted = await asyncio.gather(
        of.front.ask("repay", loan_id=of.loan_id, kind="partial", amount_fen=300_000),
        other.ask("post_repayment", loan_id=of.loan_id, amount_fen=200_000, core_serial="X", **COUNTER),
    )
    assert (debit.code, posted.code) == ("", "")
    assert (await of.loan())["principal_fen_outstanding"] == 500_000


async def test_applications_of_many_at_once(live: Live) -> None:
    """Twenty people over both fronts and gateways, each to the money."""
    people = [Borrower(live.front(name, gateway=n % 2)) for n, name in enumerate(["rest", "esb"] * 10)]

    async def to_the_money(of: Borrower) -> str:
        await (await (await (await of.join()).get_line()).sign()).draw()
        return str((await of.loan())["status"])

    assert await asyncio.gather(*(to_the_money(of) for of in people)) == ["active"] * 20
