"""Changing terms takes two persons: the life of a proposal on a real database, and what may not happen to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import asyncpg
import msgspec
import pytest
from products_support import BANK, BANKS, PRODUCT, TODAY, replace, toml, with_product

from actors.codes import Code
from cluster.proposals import TermsDesk, as_loaded, differences_of, from_file, staff
from cluster.terms_change import TermsRefused
from storage.postgres import open_store
from storage.proposals import ProposalRow

FRIDAY = TODAY + timedelta(days=4)
CHEAPER = f"[products.{PRODUCT}]\nlpr_spread_bp = 250\n"


@pytest.fixture
async def desk(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[TermsDesk]:
    """Two banks, loaded today."""
    store = await open_store(await fresh_database())
    desk = TermsDesk(store)
    for code in (BANK, "yunxi"):
        assert await desk.first_load(BANKS[code], TODAY)
    yield desk
    await store.close()


async def proposed(desk: TermsDesk, file: Path, maker: str = "zhang", day: date = FRIDAY) -> ProposalRow:
    return await desk.propose(BANK, await desk.compare(BANK, day, from_file(file)), maker, "降价")


async def refused(call: Awaitable[object], code: Code) -> TermsRefused:
    with pytest.raises(TermsRefused) as caught:
        await call
    assert caught.value.code is code
    return caught.value


async def test_a_change_is_proposed_by_one_and_approved_by_another(desk: TermsDesk, tmp_path: Path) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    assert (row.status, row.maker, row.base_version, row.note) == ("pending", "zhang", 1, "降价")
    assert differences_of(row) == [(f"products.{PRODUCT}.lpr_spread_bp", 300, 250)]
    assert len(await desk.store.versions(BANK)) == 1
    done, again = await desk.approve(row.id, "li")
    assert not again
    assert (done.status, done.checker, done.version, done.maker) == ("approved", "li", 2, "zhang")
    assert done.decided_at is not None
    assert done.decided_at >= done.made_at
    _, second = await desk.store.versions(BANK)
    assert (second.version, second.valid_from, second.cause, second.proposal) == (2, FRIDAY, "proposal", row.id)
    before, after = (await desk.terms_on(BANK, FRIDAY - timedelta(days=1))), await desk.terms_on(BANK, FRIDAY)
    assert [t.terms.products[PRODUCT].lpr_spread_bp for t in (before, after)] == [300, 250]
    assert (await desk.terms_on("yunxi", FRIDAY)).version == 1


@pytest.mark.parametrize("checker", ["zhang", " ZHANG ", "ｚhang", "", "  ", "a\nb", "x" * 65])
async def test_nobody_approves_or_rejects_the_own_proposal(desk: TermsDesk, tmp_path: Path, checker: str) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    await refused(desk.approve(row.id, checker), Code.TWO_PERSONS)
    await refused(desk.reject(row.id, checker, ""), Code.TWO_PERSONS)
    assert await desk.proposal(row.id) == row
    assert len(await desk.store.versions(BANK)) == 1


async def test_a_proposal_without_a_maker_is_refused(desk: TermsDesk, tmp_path: Path) -> None:
    await refused(proposed(desk, toml(tmp_path)(CHEAPER), " "), Code.TWO_PERSONS)
    assert await desk.proposals.of_bank(BANK) == []
    assert staff(" 李 ") == "李"


async def test_the_database_itself_takes_no_single_person_and_edits_no_version(desk: TermsDesk, tmp_path: Path) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    connection = await asyncpg.connect(desk.store.database.url)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE terms_proposal SET status = 'approved', checker = maker")
        for sql in ("UPDATE bank_terms SET terms = '{}'", "DELETE FROM bank_terms"):
            with pytest.raises(asyncpg.CheckViolationError, match="never edited"):
                await connection.execute(sql)
    finally:
        await connection.close()
    assert await desk.proposal(row.id) == row


async def test_what_is_done_twice_is_done_once(desk: TermsDesk, tmp_path: Path) -> None:
    file = toml(tmp_path)(CHEAPER)
    first, second = await proposed(desk, file), await proposed(desk, file, "wang")
    assert first == second
    await desk.approve(first.id, "li")
    again = await desk.approve(first.id, "chen")
    assert again.again
    assert again.proposal.checker == "li"
    assert len(await desk.store.versions(BANK)) == 2


async def test_of_many_at_once_one_approves(desk: TermsDesk, tmp_path: Path) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    results = await asyncio.gather(*(desk.approve(row.id, f"checker{n}") for n in range(6)))
    assert sorted(r.again for r in results) == [False] + [True] * 5
    assert len({r.proposal.checker for r in results}) == 1
    assert len(await desk.store.versions(BANK)) == 2


async def test_changes_of_different_items_approved_at_once_both_hold(desk: TermsDesk, tmp_path: Path) -> None:
    write = toml(tmp_path)
    rows = [
        await proposed(desk, write(CHEAPER), day=FRIDAY),
        await proposed(desk, write("cool_off_days = 45\n"), day=FRIDAY),
        await proposed(desk, write("[products.miaodai]\nline_months = 18\n"), day=FRIDAY),
    ]
    await asyncio.gather(*(desk.approve(row.id, "li") for row in rows))
    terms = (await desk.terms_on(BANK, FRIDAY)).terms
    assert (terms.products[PRODUCT].lpr_spread_bp, terms.cool_off_days) == (250, 45)
    assert terms.products["miaodai"].line_months == 18


async def test_of_two_changes_of_one_product_the_second_is_outdated(desk: TermsDesk, tmp_path: Path) -> None:
    write = toml(tmp_path)
    first = await proposed(desk, write(CHEAPER))
    second = await proposed(desk, write(f"[products.{PRODUCT}]\nlpr_spread_bp = 260\n"))
    await desk.approve(first.id, "li")
    error = await refused(desk.approve(second.id, "li"), Code.PROPOSAL_OUTDATED)
    assert f"products.{PRODUCT}.lpr_spread_bp" in error.detail
    assert "version 2" in error.detail
    assert (await desk.proposal(second.id)).status == "pending"
    assert (await desk.withdraw(second.id, "zhang", "重提")).proposal.status == "withdrawn"


@pytest.mark.parametrize("days", [0, -1])
async def test_terms_are_never_changed_for_today_or_before(desk: TermsDesk, tmp_path: Path, days: int) -> None:
    day = TODAY + timedelta(days=days)
    error = await refused(proposed(desk, toml(tmp_path)(CHEAPER), day=day), Code.BAD_VALID_FROM)
    assert str(TODAY) in error.detail


async def test_an_approval_that_comes_when_the_date_has_come_is_too_late(desk: TermsDesk, tmp_path: Path) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    await desk.store.set_business_date(BANK, FRIDAY)
    await refused(desk.approve(row.id, "li"), Code.BAD_VALID_FROM)
    assert await desk.proposals.approve(row.id, "li", []) == "date"
    assert len(await desk.store.versions(BANK)) == 1


async def test_rejected_and_withdrawn_proposals_stay_so(desk: TermsDesk, tmp_path: Path) -> None:
    write = toml(tmp_path)
    first, second = await proposed(desk, write(CHEAPER)), await proposed(desk, write("cool_off_days = 45\n"))
    done = (await desk.reject(first.id, "li", "太低")).proposal
    assert (done.status, done.checker, done.reason) == ("rejected", "li", "太低")
    assert (await desk.reject(first.id, "chen", "")).again
    await refused(desk.withdraw(second.id, "li", ""), Code.OPERATION_FORBIDDEN)
    assert (await desk.withdraw(second.id, "Zhang", "")).proposal.status == "withdrawn"
    for row in (first, second):
        await refused(desk.approve(row.id, "li"), Code.PROPOSAL_STATUS)
    await refused(desk.reject(second.id, "li", ""), Code.PROPOSAL_STATUS)
    assert (await proposed(desk, write(CHEAPER))).id not in (first.id, second.id)
    assert [r.status for r in await desk.proposals.of_bank(BANK)] == ["rejected", "withdrawn", "pending"]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (f"[products.{PRODUCT}]\ngrace_days = 6\n", Code.BAD_TERMS, f"products.{PRODUCT}.grace_days: [grace_days]"),
        (f"[products.{PRODUCT}]\ngrace_dys = 3\n", Code.BAD_TERMS, f"products.{PRODUCT}.grace_dys"),
        (f'[products.{PRODUCT}]\ngrace_days = "3"\n', Code.BAD_TERMS, f"products.{PRODUCT}.grace_days"),
        (f"[products.{PRODUCT}]\npenalty_factor = 1.4\n", Code.BAD_TERMS, f"products.{PRODUCT}.penalty_factor"),
        ("[products.gold]\nname_zh = '金'\n", Code.BAD_TERMS, "products.gold"),
        ("holidays = ['2026-05-20']\n", Code.BAD_TERMS, "holidays"),
        ("lpr = []\n", Code.BAD_TERMS, "lpr"),
        ("flows = {}\n", Code.BAD_TERMS, "flows"),
        ("code = 'other'\n", Code.BAD_TERMS, "code"),
        ("offers = ['standard']\n", Code.BAD_TERMS, "on_sale"),
        ("[products\n", Code.BAD_TERMS, "TOML"),
        (f"[products.{PRODUCT}]\nlpr_spread_bp = 300\n", Code.NO_CHANGE, BANK),
        ("", Code.NO_CHANGE, BANK),
    ],
)
async def test_a_wrong_file_is_refused_and_nothing_kept(
    desk: TermsDesk, tmp_path: Path, text: str, code: Code, says: str
) -> None:
    error = await refused(proposed(desk, toml(tmp_path)(text)), code)
    assert says in error.detail
    assert await desk.proposals.of_bank(BANK) == []


async def test_unknown_banks_proposals_and_versions_are_said(desk: TermsDesk, tmp_path: Path) -> None:
    await refused(desk.compare("nobody", FRIDAY, from_file(toml(tmp_path)(CHEAPER))), Code.NOT_FOUND)
    await refused(desk.approve(99, "li"), Code.NOT_FOUND)
    await refused(desk.terms(BANK, 99), Code.NOT_FOUND)


async def test_a_new_product_and_one_off_sale(desk: TermsDesk, tmp_path: Path) -> None:
    text = f"""
    [products.{PRODUCT}]
    on_sale = false
    [products.huinong]
    name_zh = "惠农贷"
    name_en = "Farming loan"
    amount_fen_min = 100_000
    amount_fen_max = 5_000_000
    frequency = "quarterly"
    periods_min = 2
    periods_max = 4
    methods = ["interest_only"]
    uses = ["farming"]
    """
    row = await proposed(desk, toml(tmp_path)(text))
    await desk.approve(row.id, "li")
    products = (await desk.terms_on(BANK, FRIDAY)).terms.products
    assert not products[PRODUCT].on_sale
    assert products["huinong"].code == "huinong"


async def test_files_of_a_known_bank_change_nothing_by_themselves(desk: TermsDesk) -> None:
    wanted = with_product(replace(BANKS[BANK], cool_off_days=40, vat_rate=Decimal("0.03")), line_months=9)
    wanted = replace(wanted, products={PRODUCT: wanted.products[PRODUCT]}, lpr=wanted.lpr[:4])
    assert not await desk.first_load(wanted, FRIDAY)
    assert await desk.store.put(BANK, msgspec.json.encode(wanted), FRIDAY) == 1
    assert await desk.terms(BANK, 1) == BANKS[BANK]
    row = await desk.propose(BANK, await desk.compare(BANK, FRIDAY, as_loaded(wanted)), "zhang")
    assert {d.path for d in differences_of(row)} == {
        "cool_off_days",
        "vat_rate",
        f"products.{PRODUCT}.line_months",
    }
    await desk.approve(row.id, "li")
    terms = (await desk.terms_on(BANK, FRIDAY)).terms
    assert terms.lpr == BANKS[BANK].lpr
    assert "miaodai" in terms.products
    assert terms.cool_off_days == 40


async def test_lpr_reaches_every_bank_and_every_version_to_come(desk: TermsDesk, tmp_path: Path) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    await desk.approve(row.id, "li")
    new = ((date(2026, 3, 20), "1Y", Decimal("0.0290")), (date(2026, 3, 20), "5Y", Decimal("0.0340")))
    assert await desk.load_lpr(new, "wang", dry_run=True) == new
    assert len(await desk.store.versions(BANK)) == 2
    assert await desk.load_lpr(new, "wang") == new
    assert await desk.load_lpr(new, "wang") == ()
    assert [(v.version, v.valid_from, v.cause) for v in await desk.store.versions(BANK)][2:] == [
        (3, TODAY, "lpr"),
        (4, FRIDAY, "lpr"),
    ]
    for code, day in ((BANK, TODAY), (BANK, FRIDAY), ("yunxi", TODAY)):
        assert (await desk.terms_on(code, day)).terms.lpr[-2:] == new
    assert (await desk.terms_on(BANK, FRIDAY)).terms.products[PRODUCT].lpr_spread_bp == 250
    assert [(r.published, r.tenor, r.rate, r.loaded_by) for r in await desk.proposals.lpr()] == [
        (*row, "wang") for row in new
    ]
    await refused(desk.load_lpr(((new[0][0], "1Y", Decimal("0.0291")),), "wang"), Code.LPR_CONFLICT)
    assert await desk.first_load(BANKS["baihe"], TODAY)
    assert (await desk.terms_on("baihe", TODAY)).terms.lpr[-2:] == new


async def test_a_change_survives_an_lpr_that_comes_between(desk: TermsDesk, tmp_path: Path) -> None:
    row = await proposed(desk, toml(tmp_path)(CHEAPER))
    await desk.load_lpr(((date(2026, 3, 20), "1Y", Decimal("0.0290")),), "wang")
    await desk.approve(row.id, "li")
    terms = (await desk.terms_on(BANK, FRIDAY)).terms
    assert terms.lpr[-1][2] == Decimal("0.0290")
    assert terms.products[PRODUCT].lpr_spread_bp == 250
