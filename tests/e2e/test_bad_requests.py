"""Promise: what is wrong gets its code, the same on both fronts, changes nothing, and the next request is served."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocols.esb.field_names import wire_path
from protocols.operations import BY_NAME, OPERATIONS
from tests.e2e import bad_requests as table
from tests.e2e.bad_requests import Bad, Ids, request_of
from tests.e2e.borrower import CONSENT, Borrower
from tests.e2e.fronts import Esb, Heard, Rest
from tests.e2e.live import OTHER_BANK, Live, until
from tests.e2e.people import USED, person
from tests.e2e.wire import Socket, esb_request

EVERYTHING = (*table.WRONG_TYPES, *table.FIELDS, *table.SUMS, *table.PEOPLE, *table.RULES)


@pytest.fixture
async def unchanged(live: Live, settled_in: Borrower, stranger: Borrower, front_name: str) -> AsyncIterator[Rest | Esb]:
    """The front; after the test nothing of business has changed, and the same front serves as before."""
    front = live.front(front_name)
    before = await live.quiet()
    yield front
    assert await live.trace() == before
    heard = await front.ask("get_loan", loan_id=settled_in.loan_id)
    assert heard.body["status"] == "active"


def _ids(of: Borrower) -> Ids:
    return {
        "customer_id": of.customer_id,
        "loan_id": of.loan_id,
        "contract_id": of.contract_id,
        "process_id": of.process_id,
    }


def _named_field(front: Rest | Esb, heard: Heard) -> str:
    return str(heard.body["field"] if front.name == "rest" else heard.body["FIELD"])


def _no_personal_data(heard: Heard) -> None:
    told = repr(heard.body)
    assert not any(secret in told for somebody in USED for secret in somebody)


@pytest.mark.parametrize("bad", [bad for bad in EVERYTHING if not bad.leaves], ids=str)
async def test_refused_with_its_code(unchanged: Rest | Esb, settled_in: Borrower, bad: Bad) -> None:
    heard = await unchanged.ask(bad.operation, **request_of(bad, _ids(settled_in)))
    assert heard.code == bad.code, heard
    if bad.field:
        assert _named_field(unchanged, heard) == (bad.field if unchanged.name == "rest" else wire_path(bad.field))
    _no_personal_data(heard)


@pytest.mark.parametrize("bad", [bad for bad in EVERYTHING if bad.leaves], ids=str)
async def test_refusal_that_is_kept_for_the_record(live: Live, settled_in: Borrower, front_name: str, bad: Bad) -> None:
    """A contract over the line is a loan that was refused, a draw too early a process that failed; all else stays."""
    front, before = live.front(front_name), await live.quiet()
    line = await settled_in.line()
    heard = await front.ask(bad.operation, **request_of(bad, _ids(settled_in)))
    assert heard.code == bad.code
    after = await live.quiet()
    field = "process_id" if "ProcessStarted" in bad.leaves else "loan_id"
    refused = str(heard.body[field if front.name == "rest" else field.upper()])
    assert tuple(sorted(await live.events(refused))) == tuple(sorted(bad.leaves))
    assert (after.events, after.postings) == (before.events + len(bad.leaves), before.postings)
    assert await settled_in.line() == line


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row.path_fields and row.target], ids=lambda row: row.name)
async def test_another_banks_customers_and_loans_do_not_exist(
    live: Live, unchanged: Rest | Esb, stranger: Borrower, row: Any
) -> None:
    """By every operation that names one; the reply is the same as for an id that was never issued."""
    right = {
        "take_off_white_list": {"product": "miaodai"},
        "unfreeze_line": {"product": "miaodai"},
    }
    fields = table.RIGHT[row.name](_ids(stranger)) if row.name in table.RIGHT else right.get(row.name, {})
    fields |= {name: value for name, value in _ids(stranger).items() if name in row.path_fields}
    heard = await unchanged.ask(row.name, **fields)
    assert heard == Heard("not_found", {})
    own = await live.front(unchanged.name, bank=OTHER_BANK).ask("get_loan", loan_id=stranger.loan_id)
    assert own.body["bank"] == OTHER_BANK


@pytest.mark.parametrize("operation", ["apply", "open_contract"])
async def test_nothing_is_opened_for_another_banks_customer(
    unchanged: Rest | Esb, stranger: Borrower, operation: str
) -> None:
    heard = await unchanged.ask(operation, **table.RIGHT[operation](_ids(stranger)))
    assert heard == Heard("not_found", {})


async def test_every_command_wants_an_operation_id(live: Live, unchanged: Rest | Esb, settled_in: Borrower) -> None:
    fields = {"customer_id": settled_in.customer_id, "purpose": "face", **CONSENT}
    if isinstance(unchanged, Rest):
        client, row = await unchanged.open(), BY_NAME["give_consent"]
        target, body = client._message(row, fields)
        reply, _ = await client.send(row.method, target, body, {})
        assert reply.code == "missing_operation_id"
    else:
        heard = await unchanged.ask("give_consent", " ", **fields)
        assert heard.code == "missing_operation_id"


@pytest.mark.parametrize("key", ["x" * 129, "流水号"], ids=["long", "not-ascii"])
async def test_an_operation_id_is_short_and_printable(unchanged: Rest | Esb, settled_in: Borrower, key: str) -> None:
    fields = {"customer_id": settled_in.customer_id, "purpose": "face", **CONSENT}
    heard = await unchanged.ask("give_consent", key, **fields)
    assert heard.code == "wrong_type"


async def test_a_duplicate_gets_the_stored_reply(live: Live, front_name: str) -> None:
    """Success and refusal alike, however often, and nothing is done again."""
    front, who = live.front(front_name), person()
    first = await front.ask("register_customer", f"dup-{who.phone}", **who._asdict())
    refused = await front.ask("register_customer", f"twice-{who.phone}", **who._asdict())
    before = await live.quiet()
    assert not first.code
    assert refused.code == "identity_taken"
    for _ in range(3):
        assert await front.ask("register_customer", f"dup-{who.phone}", **who._asdict()) == first
        assert await front.ask("register_customer", f"twice-{who.phone}", **who._asdict()) == refused
    assert await live.trace() == before


async def test_a_refusal_is_kept_when_the_reason_has_gone(live: Live, front_name: str) -> None:
    """The line is frozen no longer; the same id is told what it was told before, a new id gets the contract."""
    front = live.front(front_name)
    of = await Borrower(front).join()
    await of.get_line()
    await of.ask("freeze_line", customer_id=of.customer_id, product="miaodai", reason="court")
    wanted = table.RIGHT["open_contract"](_ids(of))
    assert (await front.ask("open_contract", f"kept-{front_name}", **wanted)).code == "line_frozen"
    await of.ask("unfreeze_line", customer_id=of.customer_id, product="miaodai")
    assert (await front.ask("open_contract", f"kept-{front_name}", **wanted)).code == "line_frozen"
    assert not (await front.ask("open_contract", **wanted)).code


@pytest.mark.parametrize("change", ["content", "actor"])
async def test_a_duplicate_with_other_content_is_refused(live: Live, front_name: str, change: str) -> None:
    front = live.front(front_name)
    one, other = await Borrower(front).join(), await Borrower(front).join()
    key = f"mix-{front_name}-{change}"
    fields = {"purpose": "face", **CONSENT}
    assert not (await front.ask("give_consent", key, customer_id=one.customer_id, **fields)).code
    before = await live.quiet()
    if change == "content":
        heard = await front.ask("give_consent", key, customer_id=one.customer_id, **{**fields, "version": "2026-02"})
    else:
        heard = await front.ask("give_consent", key, customer_id=other.customer_id, **fields)
    assert heard.code == "operation_mismatch"
    assert await live.trace() == before


async def test_a_message_of_the_esb_sent_again_byte_for_byte_is_the_same_operation(live: Live) -> None:
    """The ESB has no nonce: a command replayed gets the stored reply and does nothing, sent on whatever connection."""
    of = await Borrower(live.esb()).join()
    body = {"CUSTOMER_ID": of.customer_id, "PURPOSE": "face", **{name.upper(): text for name, text in CONSENT.items()}}
    raw = esb_request(live, "MDCU0002", "01", body, channel="counter")
    replies, before = [], None
    for gateway in (0, 0, 1):
        socket = await Socket.to(live, gateway)
        socket.send(raw)
        replies.append(await socket.reply())
        await socket.close()
        before = before or await live.quiet()
    assert replies[0] is not None
    assert replies[0].returns[0].code == "000000"
    assert replies[0] == replies[1] == replies[2]
    assert await live.trace() == before


async def test_the_same_id_of_two_channels_are_two_operations(live: Live) -> None:
    """Operation ids are each channel's own."""
    one, other = await Borrower(live.rest()).join(), await Borrower(live.esb()).join()
    fields = {"purpose": "face", **CONSENT}
    for of in (one, other):
        assert not (await of.front.ask("give_consent", "same-id", customer_id=of.customer_id, **fields)).code

    async def both() -> bool:
        return all([(await live.events(of.customer_id))[-1] == "ConsentGiven" for of in (one, other)])

    await until(both)
