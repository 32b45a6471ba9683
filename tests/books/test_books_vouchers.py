"""Promise: a daily voucher is booked once under its number, whatever happens on the way, or refused and never lost."""

from typing import Any

import pytest

from cluster.books.close import close_books
from cluster.books.send import send_vouchers
from sandbox.core import codes
from sandbox.core.audit import breaches
from sandbox.faults import Fault
from tests.books.days import close_day, compare, night, rows
from tests.books.lived import BANK, ONE_DAY, OPENED, Lived


def at_the_core(here: Lived) -> dict[str, tuple[int, int, str]]:
    """Voucher number -> how often received, applied, and its status."""
    return {
        item.order.sequence: (item.received, item.applied, item.status)
        for item in here.box.core.books.instructions.values()
        if item.order.operation == "voucher"
    }


async def test_sent_once_and_a_second_run_sends_nothing(here: Lived) -> None:
    await here.lend(1)
    report = await close_day(here)
    first = await send_vouchers(here.url, here.core, BANK, OPENED)
    assert sorted(first.booked) == sorted(report.vouchers)
    assert (await send_vouchers(here.url, here.core, BANK, OPENED)).booked == []
    assert set(at_the_core(here).values()) == {(1, 1, "S")}
    stored = await rows(here, "SELECT status, core_date, core_serial FROM voucher")
    assert {(row[0], row[1], bool(row[2])) for row in stored} == {("booked", OPENED, True)}


@pytest.mark.parametrize("kind", ["timeout_after_doing", "garble", "unsure"])
async def test_done_but_not_told_is_asked_and_not_sent_again(here: Lived, kind: Any) -> None:
    await here.lend(1)
    await close_day(here)
    await here.box.set_fault(Fault(system="core", operation="voucher", kind=kind))
    first = await send_vouchers(here.url, here.core, BANK, OPENED)
    assert (first.ok, len(first.unknown)) == (False, 2)
    assert not (await compare(here, OPENED)).final
    await here.box.clear_faults()
    second = await send_vouchers(here.url, here.core, BANK, OPENED)
    assert len(second.booked) == 2
    assert set(at_the_core(here).values()) == {(1, 1, "S")}
    assert (await compare(here, OPENED)).final


async def test_lost_on_the_way_is_sent_again_under_the_same_number(here: Lived) -> None:
    await here.lend(1)
    report = await close_day(here)
    await here.box.set_fault(Fault(system="core", operation="voucher", kind="lose_before_doing"))
    assert len((await send_vouchers(here.url, here.core, BANK, OPENED)).unknown) == 2
    assert at_the_core(here) == {}
    await here.box.clear_faults()
    assert len((await send_vouchers(here.url, here.core, BANK, OPENED)).booked) == 2
    assert at_the_core(here).keys() == set(report.vouchers)
    assert breaches(here.box.core.books) == []


async def test_refused_stays_refused_and_the_rest_goes_under_a_new_number(here: Lived) -> None:
    await here.lend(1)
    report = await close_day(here)
    await here.box.set_fault(Fault(system="core", operation="voucher", kind="refuse", code=codes.DATE_CLOSED, times=2))
    refused = await send_vouchers(here.url, here.core, BANK, OPENED)
    assert sorted(refused.refused) == sorted(report.vouchers)
    assert {row[0] for row in await rows(here, "SELECT code FROM voucher")} == {"voucher_refused"}
    compared = await compare(here, OPENED)
    assert not compared.final
    assert compared.unbooked
    again = await close_books(here.url, BANK, OPENED)
    assert [number[-2:] for number in again.vouchers] == ["-2", "-2"]
    assert len((await send_vouchers(here.url, here.core, BANK, OPENED)).booked) == 2
    assert (await compare(here, OPENED)).agreed == compared.accounts


async def test_a_date_closed_at_the_core_is_refused_by_the_core_itself(here: Lived) -> None:
    await here.lend(1)
    await close_day(here)
    here.box.core.close_date(BANK, OPENED.isoformat())
    report = await send_vouchers(here.url, here.core, BANK, OPENED)
    assert len(report.refused) == 2
    assert {row[0] for row in await rows(here, "SELECT outside_code FROM voucher")} == {codes.DATE_CLOSED}


async def test_a_closed_day_closed_again_after_sending_makes_no_second_voucher(here: Lived) -> None:
    await here.lend(1)
    assert (await night(here)).final
    assert (await close_books(here.url, BANK, OPENED)).vouchers == ()
    assert (await rows(here, "SELECT final_at FROM books_day"))[0][0] is not None


async def test_a_pay_out_whose_answer_came_the_next_day(here: Lived) -> None:
    """On the first day the core has it and we do not know: a difference; on the second the ledgers are one again."""
    await here.box.set_fault(Fault(system="core", operation="disburse", kind="timeout_after_doing", times=1))
    await here.box.set_fault(Fault(system="core", operation="query", kind="unsure"))
    loan = await here.lend(1)
    assert (await here.do("get_loan", loan_id=loan))["status"] == "disbursing"
    await here.move_to(OPENED + ONE_DAY)
    here.loans.clear()
    await close_books(here.url, BANK, OPENED)
    await send_vouchers(here.url, here.core, BANK, OPENED)
    first = await compare(here, OPENED)
    assert {d.subject: d.fen for d in first.standing} == {"1303": -1_200_000, "settlement": 1_200_000}
    await here.box.clear_faults()
    for _ in range(200):
        if (await here.do("get_loan", loan_id=loan))["status"] == "active":
            break
        await here.pause()
    here.loans[loan] = BANK
    second = await night(here)
    assert second.final
    assert {row[0] for row in await rows(here, "SELECT status FROM difference")} == {"agreed"}
