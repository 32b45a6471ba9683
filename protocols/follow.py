"""How the end of a command that goes on after its reply is found out: a waiting query and a judgement of its view.

The command itself is answered (and stored) at once; what is here only looks. A duplicate of the command therefore gets
the same stored reply, and the same judgement of how it ended.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from actors.loan.messages import GetLoan
from actors.process.messages import GetProcess
from actors.turn import Query
from protocols.replies import State

Seen = dict[str, Any]


class Judged(NamedTuple):
    """``code`` is the word of the refusal the command ended with, "" when it did not end badly."""

    state: State
    code: str = ""


PROCESSING = Judged("processing")
DONE = Judged("done")


class Follow(Struct, frozen=True, kw_only=True):
    """``waiting`` is answered when the command has ended or at its deadline, ``plain`` at once.

    The reply is the view under ``field`` beside ``id_field`` and ``state``. Where the view tells only of the last of
    many (repayments), ``by_effect`` says that the end of this very one is looked up in the journal.
    """

    kind: Literal["loan", "process"]
    id_field: str
    field: str
    waiting: Query
    plain: Query
    judge: Callable[[Seen], Judged]
    by_effect: bool = False


def _contract(loan: Seen) -> Judged:
    if loan["status"] == "drafting":
        return PROCESSING
    return Judged("done", loan["reason"] or "over_line") if loan["status"] == "refused" else DONE


def _signature(loan: Seen) -> Judged:
    if loan["status"] == "signing":
        return PROCESSING
    return Judged("done", loan["reason"] or "sign_refused") if loan["status"] == "contract" else DONE


def _repayment(loan: Seen) -> Judged:
    if loan["repayment"] in ("in_flight", "unknown"):
        return PROCESSING
    return Judged("done", loan["reason"] or "debit_refused") if loan["repayment"] == "failed" else DONE


def _refund(loan: Seen) -> Judged:
    if loan["refund"] in ("refunding", "refund_unknown"):
        return PROCESSING
    return Judged("done", loan["reason"] or "refund_refused") if loan["refund"] == "refund_failed" else DONE


def _reversal(loan: Seen) -> Judged:
    if loan["status"] == "reversing":
        return PROCESSING
    return DONE if loan["status"] == "reversed" else Judged("done", loan["reason"] or "outside_refused")


def _application(process: Seen) -> Judged:
    """A refused application is an answer, not an error: the view says so with its reasons. But nobody to lend to is."""
    if process["status"] == "running":
        return PROCESSING
    return Judged("done", "not_found") if "not_found" in process["reasons"] else DONE


def _drawdown(process: Seen) -> Judged:
    if process["status"] == "running":
        return PROCESSING
    if process["status"] == "paid_out":
        return DONE
    return Judged("done", next(iter(process["reasons"]), "disburse_refused"))


def _loan(until_not: str, judge: Callable[[Seen], Judged], *, by_effect: bool = False) -> Follow:
    return Follow(
        kind="loan",
        id_field="loan_id",
        field="loan",
        waiting=GetLoan(until_not=until_not),
        plain=GetLoan(),
        judge=judge,
        by_effect=by_effect,
    )


def _process(judge: Callable[[Seen], Judged]) -> Follow:
    return Follow(
        kind="process",
        id_field="process_id",
        field="process",
        waiting=GetProcess(until_ended=True),
        plain=GetProcess(),
        judge=judge,
    )


CONTRACT = _loan("drafting", _contract)
SIGNATURE = _loan("signing", _signature)
REPAYMENT = _loan("in_flight,unknown", _repayment, by_effect=True)
REFUND = _loan("refunding,refund_unknown", _refund)
REVERSAL = _loan("reversing", _reversal)
APPLICATION = _process(_application)
DRAWDOWN = _process(_drawdown)
