"""Promise: a channel acts only for its banks, does only its operations, and only as often as it may."""

from rest_support import LOAN, OTHER_BANK, OTHER_SECRET, REPAID, REPAYMENT, TOKEN, Edge, client_of

from actors.loan.messages import GetLoan, PostRepayment
from protocols.rest.client import ChannelClient


async def test_another_bank_is_forbidden(front: Edge) -> None:
    reply = await client_of(front.url, front.session, bank=OTHER_BANK).call("get_loan", {"loan_id": LOAN})
    assert (reply.status, reply.code) == (403, "bank_forbidden")
    assert front.router.asked == []


async def test_no_bank_is_a_missing_field(front: Edge) -> None:
    client = ChannelClient(front.url, "office", "", token=TOKEN, session=front.session, tries=1)
    reply = await client.call("get_loan", {"loan_id": LOAN})
    assert (reply.status, reply.code, reply.body["facts"]["field"]) == (400, "missing_field", "bank")


async def test_an_operation_not_granted_is_forbidden(front: Edge) -> None:
    client = client_of(front.url, front.session, "counter", OTHER_BANK, OTHER_SECRET)
    reply = await client.call("get_schedule", {"loan_id": LOAN})
    assert (reply.status, reply.code) == (403, "operation_forbidden")
    assert front.router.asked == []


async def test_the_bank_of_the_credential_goes_with_the_message(front: Edge) -> None:
    front.router.on(PostRepayment, REPAID)
    client = client_of(front.url, front.session, "counter", OTHER_BANK, OTHER_SECRET)
    assert (await client.call("post_repayment", REPAYMENT)).status == 201
    (asked,) = front.router.asked
    assert (asked.bank, asked.operation and asked.operation.channel) == (OTHER_BANK, "counter")


async def test_over_the_rate_is_busy_with_a_hint(front: Edge) -> None:
    front.router.on(GetLoan, {"loan_id": LOAN})
    client = client_of(front.url, front.session, "slow")
    statuses = [(await client.call("get_loan", {"loan_id": LOAN})).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    reply, retry_after = await client.send("GET", f"/v1/loans/{LOAN}", b"", {})
    assert (reply.code, retry_after, reply.body["retry_same_id"]) == ("rate_limited", 1.0, True)
