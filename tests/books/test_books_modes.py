"""Promise: in every ledger mode the core's ledger is ours at the end of each day, through the life of some loans."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import pytest

from actors.codes import Code
from cluster.books.check import check_books
from cluster.books.differences import assign, differences, settle
from cluster.books.report import BooksRefused
from cluster.books.sheets import subsidiary_ledger
from sandbox.core.audit import breaches
from tests.books.days import compare, night, rows
from tests.books.lived import BANK, ONE_DAY, Lived, account_no, lived

Fresh = Callable[[], Awaitable[str]]
CORES_OWN = {"penalty_factor": Decimal("1.5"), "grace_days": 0, "compound_on": "off"}
"""A product as the core reckons it by itself (sandbox/core/reckon.py)."""


async def nights_to(here: Lived, day: date) -> None:
    """Days pass; the books are closed (with those in between) on the last one only."""
    while here.today < day - ONE_DAY:
        await here.end_day()
    assert (await night(here)).final


@pytest.mark.parametrize("mode", ["instructed", "core_calculated", "gl_summary"])
async def test_repaid_in_part_overdue_prepaid_and_settled(fresh_database: Fresh, mode: str) -> None:
    async with lived(await fresh_database(), mode, **CORES_OWN) as here:
        loan, late = await here.lend(1), await here.lend(2)
        assert (await night(here)).final
        await nights_to(here, date(2026, 4, 2))
        paid = (await here.do("repay", loan_id=loan, kind="due"))["loan"]
        assert paid["principal_fen_repaid"] == 96_475
        assert (await night(here)).final
        await nights_to(here, date(2026, 4, 12))
        here.box.core.deposit(BANK, account_no(2), 50_000 - 1_200_000)
        part = (await here.do("repay", loan_id=late, kind="due"))["loan"]
        assert (part["status"], part["repayment"]) == ("overdue", "repaid")
        assert (await night(here)).final
        here.box.core.deposit(BANK, account_no(2), 2_000_000)
        rest = (await here.do("repay", loan_id=late, kind="due"))["loan"]
        assert rest["status"] == "active"
        await ledgers_agree(here, mode)
        await here.do("repay", loan_id=loan, kind="partial", amount_fen=200_000)
        await here.do("repay", loan_id=late, kind="full", quote=await quote(here, late))
        await ledgers_agree(here, mode)
        assert (await check_books(here.url, BANK)).ok
        if mode != "core_calculated":
            assert await differences(here.url, BANK) == []
        assert breaches(here.box.core.books) == []


async def ledgers_agree(here: Lived, mode: str) -> None:
    """Account by account; a core that reckons itself may round a debit's parts otherwise, which stands as a split."""
    report = await night(here)
    assert report.agreed == report.accounts, report
    assert report.final or (mode == "core_calculated" and {d.kind for d in report.standing} == {"split"})


async def quote(here: Lived, loan_id: str) -> str:
    return str((await here.do("get_payoff_quote", loan_id=loan_id))["quote"])


async def test_the_cores_split_is_fact_and_the_mismatch_a_difference(fresh_database: Fresh) -> None:
    async with lived(await fresh_database(), "core_calculated", penalty_factor=Decimal("1.3"), grace_days=0) as here:
        loan = await here.lend(1)
        assert (await night(here)).final
        await nights_to(here, date(2026, 4, 22))
        owed = await here.do("get_schedule", loan_id=loan)
        await here.do("repay", loan_id=loan, kind="due")
        ((serial, effect),) = [
            (item.serial, item.order.sequence)
            for item in here.box.core.books.instructions.values()
            if item.order.operation == "debit"
        ]
        core = here.box.core.find("MIAODAI", effect)
        assert core is not None
        assert core.calculated
        posted = [line for line in await subsidiary_ledger(here.url, BANK, loan) if line.core_serial == serial]
        assert {line.account: line.credit_fen for line in posted}["1132.01"] == core.split.interest_fen
        report = await night(here)
        assert not report.final
        (split,) = [d for d in report.standing if d.kind == "split"]
        assert split.subject == f"{loan} {effect}"
        assert "penalty" in split.detail, owed
        await own_and_settle(here, [d.id for d in report.standing])
        assert (await compare(here, here.today - ONE_DAY)).final


async def own_and_settle(here: Lived, ids: list[int]) -> None:
    for id in ids:
        with pytest.raises(BooksRefused) as unowned:
            await settle(here.url, BANK, id, "maker1", "checker1", "核心按1.5倍计罚息", here.today)
        assert unowned.value.code is Code.DIFFERENCE_UNOWNED
        await assign(here.url, BANK, id, "clerk7")
        for maker, checker in (("a", "a"), ("", "b"), ("a", " ")):
            with pytest.raises(BooksRefused) as one_person:
                await settle(here.url, BANK, id, maker, checker, "x", here.today)
            assert one_person.value.code is Code.TWO_PERSONS
        done = await settle(here.url, BANK, id, "maker1", "checker1", "核心按1.5倍计罚息", here.today)
        assert (done.status, done.owner, done.maker, done.checker) == ("settled", "clerk7", "maker1", "checker1")
        with pytest.raises(BooksRefused) as twice:
            await settle(here.url, BANK, id, "maker1", "checker1", "again", here.today)
        assert twice.value.code is Code.DIFFERENCE_STATUS


async def test_a_thin_core_knows_no_loans_in_its_ledger_but_by_voucher(fresh_database: Fresh) -> None:
    async with lived(await fresh_database(), "gl_summary") as here:
        await here.lend(1)
        assert here.box.core.books.ledger.trial_balance()[BANK] == {"3001": 1_200_000, "2011": -1_200_000}
        assert (await night(here)).final
        trial = here.box.core.books.ledger.trial_balance()[BANK]
        assert (trial["1303"], trial["3001"], trial["2011"]) == (1_200_000, 0, -1_200_000)


async def test_what_the_core_collects_itself_comes_through_clearing(here: Lived) -> None:
    loan = await here.lend(1)
    assert (await night(here)).final
    day, serial = here.box.core.collect(BANK, account_no(1), 30_000, "MIAODAI")
    posted = await here.do(
        "post_repayment", loan_id=loan, amount_fen=30_000, source="counter", core_date=day, core_serial=serial
    )
    assert posted["principal_fen"] + posted["interest_fen"] == 30_000
    assert (await night(here)).final
    lines = [line for line in await subsidiary_ledger(here.url, BANK, loan) if line.core_serial == serial]
    assert sum(line.debit_fen - line.credit_fen for line in lines) == 0
    assert not any(line.provisional for line in lines)
    assert await rows(here, "SELECT 1 FROM difference") == []


TWO = {"maker": "t001", "checker": "t002", "reason": "会议纪要"}


@pytest.mark.parametrize("mode", ["instructed", "gl_summary"])
async def test_to_non_accrual_written_off_and_recovered(fresh_database: Fresh, mode: str) -> None:
    """By account, loans and ledger agree with each other and the ledger with the core's, on and off balance."""
    async with lived(await fresh_database(), mode) as here:
        loan = await here.lend(1)
        assert (await night(here)).final
        await nights_to(here, date(2026, 7, 15))
        assert (await check_books(here.url, BANK)).ok, await check_books(here.url, BANK)
        held = {one.account: one.ledger_fen for one in (await check_books(here.url, BANK)).agreements}
        assert (held["1303.03"], held["1303.01"], held["1303.02"], held["1132.01"]) == (1_200_000, 0, 0, 0)
        assert held["M2"] > 0
        await here.do("write_off", loan_id=loan, **TWO)
        assert (await night(here)).final
        day, serial = here.box.core.collect(BANK, account_no(1), 700_000, "MIAODAI")
        await here.do(
            "post_repayment", loan_id=loan, amount_fen=700_000, source="court", core_date=day, core_serial=serial
        )
        assert (await night(here)).final
        report = await check_books(here.url, BANK)
        assert report.ok, report
        held = {one.account: one.ledger_fen for one in report.agreements}
        assert (held["1303.03"], held["M2"]) == (0, 0)
        assert held["M3"] > 0
        assert breaches(here.box.core.books) == []
