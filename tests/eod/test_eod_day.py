"""The day's end on one book: what a day brings, what is refused, what is set aside, what is taken up again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from actors.loan.messages import PostRepayment
from cluster.bank_config import load_banks
from cluster.eod.run import EodRefused
from cluster.eod.steps import STEPS, Day, Step
from storage.eod import StepRow, only_run
from tests.conftest import FreshDatabase
from tests.eod.eod_house import BANK, DUE, House, house

ONE = timedelta(days=1)
EVE = DUE - ONE
LOANS = 120


@pytest.fixture
async def home(fresh_database: FreshDatabase) -> AsyncIterator[House]:
    async with house(await fresh_database(), LOANS, EVE) as opened:
        yield opened


async def test_the_eve_of_the_due_date_bills_every_loan(home: House) -> None:
    [report] = await home.close(EVE)
    assert (report["touched"], report["billed"], report["closed"], report["overdue"]) == (LOANS, LOANS, LOANS, 0)
    assert report["set_aside"] == []
    assert list(report["steps"]) == [*(step.name for step in STEPS), "reminders"]
    dates = await home.eod.dates(BANK)
    assert dates is not None
    assert (dates.business_date, dates.closed_to) == (DUE, EVE)
    assert await home.value("SELECT count(*) FROM loan WHERE closed_to = $1", EVE) == LOANS
    assert await home.value("SELECT count(*) FROM operation WHERE at >= (SELECT min(begun_at) FROM eod_run)") == 0
    assert await home.value("SELECT min(business_date) FROM posting WHERE account LIKE '1132%'") == EVE
    await home.check()


async def test_a_day_with_nothing_to_do_touches_no_loan(fresh_database: FreshDatabase) -> None:
    async with house(await fresh_database(), 20, EVE - ONE) as home:
        [report] = await home.close(EVE - ONE)
        assert (report["touched"], report["closed"]) == (0, 0)
        assert await home.value("SELECT max(closed_to) FROM loan") < EVE - ONE


async def test_at_a_months_end_every_living_loan_is_closed(fresh_database: FreshDatabase) -> None:
    last = date(2026, 1, 31)
    async with house(await fresh_database(), 50, last) as home:
        [report] = await home.close(last)
        assert report["month_end"]
        assert (report["touched"], report["billed"], report["closed"]) == (50, 0, 50)
        assert await home.value("SELECT min(closed_to) FROM loan") == last
        assert await home.value("SELECT max(business_date) FROM posting") == last
        await home.check()


async def test_missed_days_are_caught_up_in_order_and_a_closed_one_is_not_closed_again(home: House) -> None:
    reports = await home.close(DUE + 2 * ONE, skip=("collect",))
    assert [report["date"] for report in reports] == [(EVE + n * ONE).isoformat() for n in range(4)]
    assert [report["overdue"] for report in reports] == [0, LOANS, LOANS, LOANS]
    await home.quiet()
    await home.check()
    before = await home.value("SELECT count(*) FROM journal")
    assert await home.close(DUE + 2 * ONE) == []
    assert await home.value("SELECT count(*) FROM journal") == before


@pytest.mark.parametrize(
    ("to", "code"), [(date(2026, 6, 2), "date_not_open"), (EVE - ONE, "date_closed"), (EVE - 9 * ONE, "date_closed")]
)
async def test_a_day_not_open_or_closed_is_refused_and_nothing_changes(home: House, to: date, code: str) -> None:
    with pytest.raises(EodRefused) as refused:
        await home.close(to)
    assert refused.value.code.word == code
    assert await home.value("SELECT count(*) FROM eod_run") == 0
    assert await home.value("SELECT closed_to FROM bank WHERE code = $1", BANK) is None


async def test_an_unknown_bank_is_refused(home: House) -> None:
    with pytest.raises(EodRefused) as refused:
        await home.run().run("nobody", EVE, EVE)
    assert refused.value.code.word == "not_found"


async def test_two_runs_of_one_bank_at_once_are_not(home: House) -> None:
    async with only_run(home.url, BANK):
        with pytest.raises(EodRefused) as refused:
            await home.close(EVE)
    assert refused.value.code.word == "eod_running"
    assert len(await home.close(EVE)) == 1


async def test_a_dry_run_says_what_there_is_to_do_and_changes_nothing(home: House) -> None:
    before = await home.value("SELECT count(*) FROM journal")
    [plan] = await home.run().plan(BANK, await home.run().days(BANK, EVE, EVE))
    assert (plan["touched"], plan["billed"], plan["overdue"]) == (LOANS, LOANS, 0)
    assert await home.value("SELECT count(*) FROM journal") == before
    assert await home.value("SELECT count(*) FROM eod_run") == 0


async def test_the_last_debit_of_the_day_is_asked_and_a_loan_whose_debit_hangs_is_set_aside(home: House) -> None:
    await home.close(EVE)
    home.core.today = DUE
    hanging = home.loans[7].id
    home.core.silent = {hanging}
    [report] = await home.close(DUE)
    assert len(home.core.debits) == LOANS - 1
    assert report["steps"]["collect"]["in_flight"] == 1
    assert [(item["id"], item["code"]) for item in report["set_aside"]] == [(hanging, "repayment_in_flight")]
    assert report["overdue"] == 0
    home.core.silent = set()
    await home.quiet()
    await home.close(DUE + ONE)
    assert await home.eod.set_aside(BANK) == []
    await home.check()


async def test_a_loan_that_fails_is_set_aside_with_its_reason_and_lifted_it_is_closed_by_the_next_run(
    home: House,
) -> None:
    sick = home.loans[3].id
    await home.value("UPDATE loan SET state = 'x'::bytea WHERE id = $1 RETURNING 1", sick)
    good = await home.value("SELECT state FROM loan WHERE id = $1", home.loans[4].id)
    [report] = await home.close(EVE)
    assert report["closed"] == LOANS - 1
    [item] = report["set_aside"]
    assert (item["id"], item["code"]) == (sick, "quarantined")
    assert "cannot be read" in item["reason"]
    assert good != await home.value("SELECT state FROM loan WHERE id = $1", home.loans[4].id)


async def test_a_loan_touched_early_closes_its_own_day_first_and_is_booked_on_that_day(home: House) -> None:
    early = home.loans[0].id
    answers = []

    async def touch(day: Day, row: StepRow) -> dict[str, int]:
        paid = PostRepayment(amount_fen=50_000, source="counter", core_date=DUE, core_serial="early")
        answers.append(await home.ask(early, paid, "early"))
        return {}

    steps = [*STEPS]
    steps.insert(2, Step("touch", "", touch))
    [report] = await home.run(tuple(steps)).run(BANK, EVE, EVE)
    assert answers[0].ok
    assert report["closed"] == LOANS - 1
    events = await home.rows(
        "SELECT type, business_date FROM journal WHERE id = $1 AND type IN ('DayClosed', 'Repaid') ORDER BY version",
        early,
    )
    assert [tuple(event) for event in events] == [("DayClosed", EVE), ("Repaid", DUE)]
    posted = await home.value("SELECT min(business_date) FROM posting WHERE id = $1 AND account LIKE '1132%'", early)
    assert posted == EVE
    await home.check()


async def test_a_run_that_stopped_between_steps_goes_on_where_it_stood(home: House) -> None:
    async def fall(day: Day, row: StepRow) -> dict[str, int]:
        raise ConnectionError("the driver dies here")

    for broken in range(len(STEPS)):
        steps = (*STEPS[:broken], Step("fall", "", fall), *STEPS[broken:])
        with pytest.raises(ConnectionError):
            await home.run(steps).run(BANK, EVE, EVE)
    [report] = await home.run().run(BANK, None, EVE)
    assert report["starts"] == len(STEPS) + 1
    assert report["closed"] == LOANS
    assert await home.value("SELECT count(*) FROM journal WHERE type = 'DayClosed'") == LOANS
    await home.check()


async def test_lines_end_with_their_last_day(home: House) -> None:
    ends = await home.value("SELECT min(line_ends) FROM customer")
    await home.value(
        "UPDATE bank SET business_date = $2, closed_to = $2::date - 1, date_epoch = date_epoch + 1"
        " WHERE code = $1 RETURNING 1",
        BANK,
        ends,
    )
    by_name = {step.name: step for step in STEPS}
    # before the loans: all are overdue by then, and that notice would note the line's end by the way
    steps = tuple(by_name[name] for name in ("roll", "lines", "close", "seal", "books"))
    [report] = await home.run(steps).run(BANK, ends, ends)
    assert report["steps"]["lines"]["ok"] == LOANS
    assert await home.value("SELECT count(*) FROM customer WHERE line_ends IS NOT NULL") == 0
    assert await home.value("SELECT count(*) FROM journal WHERE type = 'LineExpired'") == LOANS
    assert await home.value("SELECT DISTINCT business_date FROM journal WHERE type = 'LineExpired'") == ends + ONE
    undrawn = next(terms.accounts["memo_undrawn_lines"] for terms in load_banks() if terms.code == BANK)
    assert await home.value("SELECT sum(debit_fen - credit_fen) FROM posting WHERE account = $1", undrawn) == 0


async def test_repayments_go_on_while_the_day_closes(home: House) -> None:
    rolled = asyncio.Event()

    async def open_counter(day: Day, row: StepRow) -> dict[str, int]:
        rolled.set()
        return {}

    async def pay() -> list[str]:
        await rolled.wait()
        codes = []
        for n in range(10):
            paid = PostRepayment(amount_fen=1_000, source="counter", core_date=DUE, core_serial=f"s{n}")
            answers = await asyncio.gather(*(home.ask(loan.id, paid, f"p{n}-{loan.id}") for loan in home.loans))
            codes += [answer.code for answer in answers]
        return codes

    steps = (*STEPS[:2], Step("open", "", open_counter), *STEPS[2:])
    [report], codes = await asyncio.gather(home.run(steps).run(BANK, EVE, EVE), pay())
    assert set(codes) == {""}
    assert len(codes) == 10 * LOANS
    assert report["set_aside"] == []
    assert await home.value("SELECT count(*) FROM journal WHERE type = 'DayClosed'") == LOANS
    assert await home.value("SELECT count(*) FROM journal WHERE type = 'Repaid'") == 10 * LOANS
    await home.check()
