"""Each invariant can fail: a played database is tampered with, and exactly what was broken is reported."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from cluster.verify.crew import CrewFailed, Errand, together
from cluster.verify.findings import SAMPLE
from cluster.verify.operations import Acknowledged
from cluster.verify.run import Report, verify
from cluster.verify.shards import Split
from tests.verify.forger import Forger, forger
from tests.verify.house import House

Tamper = Callable[[Forger], Awaitable[None]]


def broken(report: Report) -> dict[int, set[str]]:
    """Invariant -> names of the checks that found something."""
    found: dict[int, set[str]] = {}
    for breach in report.sample:
        found.setdefault(breach.invariant, set()).add(breach.check)
    return found


async def after(copy: str, tamper: Tamper, **options: Any) -> Report:
    forging, connection = await forger(copy)
    try:
        await tamper(forging)
    finally:
        await connection.close()
    return await verify(copy, **options)


async def one_fen_more(f: Forger, id: str, version: int) -> None:
    """On the debit side of an entry."""
    sql = "UPDATE posting SET debit_fen = debit_fen + 1 WHERE id = $1 AND version = $2 AND debit_fen > 0"
    await f.sql(sql, id, version)


async def test_a_played_demo_is_sound(house: House) -> None:
    report = await verify(house.url, control=house.control_url, acknowledged=house.book.acknowledged)
    assert broken(report) == {}
    assert (report.ok, report.ledger_balanced, report.replay_identical) == (True, True, True)
    assert report.invariants_broken == 0
    assert [line.examined > 0 for line in report.lines] == [True] * 9


async def test_several_processes_find_what_one_finds(house: House) -> None:
    alone, crew = await verify(house.url, jobs=1), await verify(house.url, jobs=3)
    assert crew.ok
    assert crew.lines == alone.lines
    assert crew.facts == alone.facts


async def test_several_processes_find_every_breach_once(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        for kind in ("customer", "loan", "process"):
            await f.sql(f"UPDATE {kind} SET version = version + 1 WHERE id IN (SELECT id FROM {kind} LIMIT 25)")

    alone = await after(copy, tamper, jobs=1)
    crew = await verify(copy, jobs=3)
    assert broken(crew) == broken(alone) == {4: {"versions"}, 7: {"state"}}
    assert crew.lines == alone.lines
    assert crew.breaches == 150
    assert len(crew.sample) == len(alone.sample) == 2 * SAMPLE


async def test_a_process_that_cannot_read_is_no_verdict(house: House) -> None:
    """The crew's processes connect by themselves; one that cannot ends the verification, whatever the others found."""
    errand = Errand(url=house.url.rpartition("/")[0] + "/no_such_database", bank="", snapshot="", split=Split())
    with pytest.raises(CrewFailed, match="no_such_database"):
        await asyncio.to_thread(together, errand, 2, lambda done, of: None)


async def test_a_process_that_dies_is_no_verdict(house: House) -> None:
    def kill(step: str, done: int, total: int) -> None:
        for process in multiprocessing.active_children():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(CrewFailed, match="ended unexpectedly"):
        await verify(house.url, jobs=2, progress=kill)
    assert not multiprocessing.active_children()


async def test_a_dedicated_actor_s_story_lies_on_two_chains(copy: str) -> None:
    """Its events before the move lie on its shard, the later ones on its slot; together they are one story."""

    async def tamper(f: Forger) -> None:
        _, id, version = await f.find(
            "EffectSettled", "kind = 2 AND seq = (SELECT max(seq) FROM journal b WHERE b.shard = j.shard)"
        )
        await f.sql("UPDATE loan SET shard = 1024 WHERE id = $1", id)
        await f.sql("UPDATE journal SET shard = 1024, seq = 1 WHERE id = $1 AND version = $2", id, version)
        await f.rechain(id)

    report = await after(copy, tamper)
    assert broken(report) == {}


async def test_one_bank_alone_is_sound(house: House) -> None:
    whole = await verify(house.url)
    one = await verify(house.url, bank="baihe", control=house.control_url)
    assert one.ok
    assert 0 < one.lines[6].examined < whole.lines[6].examined


# -- 1 and 2: sums ----------------------------------------------------------------------------------------------------


async def test_outstanding_in_the_row_is_not_what_the_events_say(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, _ = await f.find("Repaid")
        await f.sql("UPDATE loan SET principal_fen_outstanding = principal_fen_outstanding + 1 WHERE id = $1", id)

    found = broken(await after(copy, tamper))
    assert found[1] == {"loan's outstanding", "bank's outstanding"}
    # the column is not what replay gives either, and the customer's draw has another figure
    assert {1, 7} <= set(found) <= {1, 5, 7}


async def test_a_second_pay_out(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("DisbursementReversed")
        await f.change(id, version, lambda e: e.update(amount_fen=e["amount_fen"] - 100))
        await f.reenact("loan", id)

    assert "reversed another sum than outstanding" in broken(await after(copy, tamper))[1]


async def test_a_posting_changed(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("DisbursementRequested")
        await one_fen_more(f, id, version)

    found = broken(await after(copy, tamper))
    assert set(found) == {2}
    assert {"entry", "trial balance", "loans_performing of the loan", "general ledger = sum of loans"} <= found[2]


async def test_a_whole_entry_lost_keeps_the_trial_balance_but_not_the_sub_ledger(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid")
        await f.sql("DELETE FROM posting WHERE id = $1 AND version = $2", id, version)

    report = await after(copy, tamper)
    assert set(broken(report)) == {2}
    assert "trial balance" not in broken(report)[2]
    assert not report.ledger_balanced


async def test_an_entry_of_another_date(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid")
        await f.sql("UPDATE posting SET business_date = business_date + 1 WHERE id = $1 AND version = $2", id, version)

    assert broken(await after(copy, tamper)) == {2: {"posting without event"}}


async def test_undrawn_lines_are_not_what_the_memo_says(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("LineGranted")
        await f.sql("DELETE FROM posting WHERE id = $1 AND version = $2", id, version)

    assert broken(await after(copy, tamper)) == {2: {"memo undrawn lines"}}


# -- 3 and 4: operations, versions, chain -----------------------------------------------------------------------------


async def test_an_operation_lost(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid")
        await f.sql(
            "DELETE FROM operation WHERE op_hash = (SELECT op_hash FROM journal WHERE id = $1 AND version = $2)",
            id,
            version,
        )

    assert broken(await after(copy, tamper)) == {3: {"unexplained event"}}


async def test_an_operation_done_twice(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, _ = await f.find("ConsentGiven")
        consents = await f.bodies(id, "ConsentGiven")
        await f.sql(
            "UPDATE journal SET op_hash = (SELECT op_hash FROM journal WHERE id = $1 AND version = $2)"
            " WHERE id = $1 AND version = 1",
            id,
            consents[-1][0],
        )
        await f.rechain(id)

    assert broken(await after(copy, tamper)) == {3: {"not exactly once"}}


async def test_an_acknowledged_operation_that_nobody_stored(house: House) -> None:
    lost = Acknowledged(bank="baihe", channel="mobile", id="never-sent")
    report = await verify(house.url, acknowledged=[*house.book.acknowledged, lost])
    assert broken(report) == {3: {"acknowledged but lost"}}


async def test_a_reply_that_is_not_what_the_client_was_told(house: House) -> None:
    first = house.book.acknowledged[0]
    told = Acknowledged(
        bank=first.bank, channel=first.channel, id=first.id, tran_date=first.tran_date, code="over_line"
    )
    assert broken(await verify(house.url, acknowledged=[told])) == {3: {"another reply"}}


async def test_a_refusal_that_changed_something(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid")
        mine = "op_hash = (SELECT op_hash FROM journal WHERE id = $1 AND version = $2)"
        refused = msgspec.msgpack.encode(("over_line", msgspec.msgpack.encode({})))
        await f.sql(f"UPDATE operation SET reply = $3 WHERE {mine}", id, version, refused)

    assert broken(await after(copy, tamper)) == {3: {"refused but changed"}}


async def test_an_event_rewritten(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Signed")
        await f.sql("UPDATE journal SET body = body || '\\x00'::bytea WHERE id = $1 AND version = $2", id, version)

    assert "hash" in broken(await after(copy, tamper))[4]


@pytest.mark.parametrize("type", ["EffectRequested", "EffectSettled", "Repaid", "LineReserved", "TokenMoved"])
async def test_an_event_that_cannot_be_read(copy: str, type: str) -> None:
    """It is a finding, and the rest is checked all the same."""

    async def tamper(f: Forger) -> None:
        _, id, version = await f.find(type)
        await f.sql("UPDATE journal SET body = '\\x93'::bytea WHERE id = $1 AND version = $2", id, version)

    found = broken(await after(copy, tamper))
    assert "hash" in found[4]
    assert "replay raised" in found[7]


async def test_events_of_an_unknown_bank(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, _ = await f.find("CustomerRegistered")
        await f.sql("UPDATE journal SET bank = 'nowhere' WHERE id = $1", id)
        await f.rechain(id)

    found = broken(await after(copy, tamper))
    assert {"unknown bank", "journal of another bank"} <= found[8]


async def test_an_event_without_an_operation(copy: str) -> None:
    """Only the day's end writes so; a repayment never."""

    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid")
        await f.sql("UPDATE journal SET op_hash = '' WHERE id = $1 AND version = $2", id, version)
        await f.rechain(id)

    found = broken(await after(copy, tamper))
    assert set(found) == {3}
    assert "unexplained event" in found[3]


async def test_a_link_of_the_chain_replaced(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Signed")
        await f.sql("UPDATE journal SET hash = sha256(hash) WHERE id = $1 AND version = $2", id, version)

    assert broken(await after(copy, tamper)) == {4: {"hash"}}


async def test_a_version_ahead_of_its_journal(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, _ = await f.find("ProcessEnded")
        await f.sql("UPDATE process SET version = version + 1 WHERE id = $1", id)

    found = broken(await after(copy, tamper))
    assert found == {4: {"versions"}, 7: {"state"}}


# -- 5 and 6: lines, schedules, allocation, closes --------------------------------------------------------------------


async def test_a_draw_over_the_line(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        kind, id, _ = await f.find("LineReserved")
        reserved = (await f.bodies(id, "LineReserved"))[0][1]
        granted = (await f.bodies(id, "LineGranted"))[0][0]
        await f.change(id, granted, lambda e: e.update(limit_fen=reserved["amount_fen"] - 1))
        await f.reenact(kind, id)

    assert broken(await after(copy, tamper)) == {5: {"draw over the line"}}


async def test_a_draw_on_an_expired_line(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        kind, id, _ = await f.find("LineReserved")
        granted = (await f.bodies(id, "LineGranted"))[0][0]
        await f.change(id, granted, lambda e: e.update(expires_on="2025-12-31"))
        await f.reenact(kind, id)

    assert broken(await after(copy, tamper)) == {5: {"draw without an active line"}}


async def test_a_schedule_that_does_not_add_up(copy: str) -> None:
    def one_fen_more(event: dict[str, Any]) -> None:
        event["rows"][-1][1] += 1

    async def tamper(f: Forger) -> None:
        kind, id, _ = await f.find("DisbursementReversed")
        await f.change(id, (await f.bodies(id, "Disbursed"))[0][0], one_fen_more)
        await f.reenact(kind, id)

    assert broken(await after(copy, tamper)) == {6: {"schedule"}}


async def test_interest_that_is_not_the_contract_s(copy: str) -> None:
    def one_fen_more(event: dict[str, Any]) -> None:
        event["rows"][0][2] += 1

    async def tamper(f: Forger) -> None:
        kind, id, _ = await f.find("DisbursementReversed")
        await f.change(id, (await f.bodies(id, "Disbursed"))[0][0], one_fen_more)
        await f.reenact(kind, id)

    report = await after(copy, tamper)
    assert broken(report) == {6: {"schedule"}}
    assert "interest" in report.sample[0].detail


async def test_a_day_closed_twice(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        kind, id, version = await f.find(
            "DayClosed",
            "EXISTS (SELECT 1 FROM journal b WHERE b.id = j.id AND b.type = 'DayClosed' AND b.version < j.version)",
        )
        earlier = (await f.bodies(id, "DayClosed"))[0][1]
        await f.change(id, version, lambda e: e.update(from_date=earlier["to_date"]))
        await f.reenact(kind, id)

    assert broken(await after(copy, tamper)) == {6: {"closes in order"}}


async def test_principal_paid_before_interest(copy: str) -> None:
    def other_order(event: dict[str, Any]) -> None:
        part = event["parts"][0]
        part[2], part[3] = part[2] - 1, part[3] + 1
        event["interest_fen"] -= 1
        event["principal_fen"] += 1

    async def tamper(f: Forger) -> None:
        kind, id, version = await f.find("Repaid")
        await f.change(id, version, other_order)
        await f.reenact(kind, id)

    report = await after(copy, tamper)
    assert "allocation" in broken(report)[6]
    assert any("were left while later components were paid" in breach.detail for breach in report.sample)


async def test_a_repayment_that_does_not_add_up(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid")
        await f.change(id, version, lambda e: e.update(amount_fen=e["amount_fen"] + 1))

    assert broken(await after(copy, tamper)) == {1: {"repayment does not add up"}}


async def test_an_event_the_checker_does_not_know(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("ProofUploaded")
        await f.sql("UPDATE journal SET type = 'InterestWaived' WHERE id = $1 AND version = $2", id, version)
        await f.rechain(id)

    assert broken(await after(copy, tamper)) == {1: {"unknown event"}}


# -- 7, 8, 9: replay, banks, outside ----------------------------------------------------------------------------------


async def test_a_state_that_replay_does_not_give(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, _ = await f.find("CustomerRegistered")
        await f.sql(
            "UPDATE customer SET state = overlay(state PLACING 'frozen'::bytea FROM position('active'::bytea IN state))"
            " WHERE id = $1",
            id,
        )

    report = await after(copy, tamper)
    assert broken(report) == {7: {"state"}}
    assert not report.replay_identical
    assert "status" in report.sample[0].detail


async def test_a_reference_to_another_bank(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        await f.sql(
            "UPDATE loan SET customer_id = (SELECT min(id) FROM customer WHERE bank = 'yunxi')"
            " WHERE id = (SELECT min(id) FROM loan WHERE bank = 'baihe')"
        )

    found = broken(await after(copy, tamper))
    assert found == {7: {"column customer_id"}, 8: {"loan of another bank's customer"}}


async def test_postings_in_another_bank_s_book(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("LineGranted", "bank = 'baihe'")
        await f.sql("UPDATE posting SET bank = 'yunxi' WHERE id = $1 AND version = $2", id, version)

    found = broken(await after(copy, tamper))
    assert found[8] == {"posting of another bank"}


async def test_an_actor_on_another_shard_than_its_id_says(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        await f.sql("UPDATE process SET shard = (shard + 1) % 1024 WHERE id = (SELECT min(id) FROM process)")

    assert broken(await after(copy, tamper)) == {8: {"shard"}}


async def test_a_debit_that_we_hold_for_refused_but_the_core_booked(copy: str, house: House) -> None:
    async def tamper(f: Forger) -> None:
        kind, id, _ = await f.find("Repaid")
        effect = (await f.bodies(id, "Repaid"))[0][1]["effect_id"]
        settled = next(v for v, e in await f.bodies(id, "EffectSettled") if e["effect_id"] == effect)
        await f.change(id, settled, lambda e: e.update(code="debit_refused"))
        await f.reenact(kind, id)

    found = broken(await after(copy, tamper, control=house.control_url))
    assert found == {9: {"status"}}


async def test_an_instruction_that_the_core_applied_twice(house: House) -> None:
    instruction = next(i for i in house.box.core.books.instructions.values() if i.applied == 1)
    instruction.applied = 2
    try:
        found = broken(await verify(house.url, control=house.control_url))
    finally:
        instruction.applied = 1
    assert "applied more than once" in found[9]
    assert set(found) == {9}


async def test_an_instruction_of_nobody(house: House) -> None:
    books = house.box.core.books
    key, instruction = next((k, i) for k, i in books.instructions.items() if i.applied == 1)
    books.instructions["MIAODAI|stranger"] = type(instruction)(
        order=type(instruction.order)(
            operation="disburse", consumer="MIAODAI", sequence="stranger", bank="baihe", digest=""
        )
    )
    try:
        found = broken(await verify(house.url, control=house.control_url))
    finally:
        del books.instructions["MIAODAI|stranger"]
    assert found == {9: {"only there"}}
    assert key in books.instructions


async def test_an_effect_settled_twice(copy: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, _ = await f.find(
            "EffectSettled", "(SELECT count(*) FROM journal b WHERE b.id = j.id AND b.type = 'EffectSettled') > 1"
        )
        settled = await f.bodies(id, "EffectSettled")
        await f.change(id, settled[1][0], lambda e: e.update(effect_id=settled[0][1]["effect_id"]))

    assert "settled but not pending" in broken(await after(copy, tamper))[9]


@pytest.mark.parametrize("bank", ["baihe", "yunxi"])
async def test_a_breach_of_another_bank_is_not_seen_through_the_filter(copy: str, bank: str) -> None:
    async def tamper(f: Forger) -> None:
        _, id, version = await f.find("Repaid", "bank = 'qingshan'")
        await one_fen_more(f, id, version)

    assert (await after(copy, tamper, bank=bank)).ok
    assert not (await verify(copy, bank="qingshan")).ok
