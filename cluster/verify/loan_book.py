"""One loan's story told again from its events, as plain maps: which file tells which event. No code of the engine's.

What a fold finds wrong goes to `LoanStory.faults`; cluster/verify/loans.py compares the figures with postings and rows.
An event that no file tells is itself a fault: the checker must be taught what it does to the sums.
"""

from collections.abc import Callable
from typing import Any, Final

from cluster.verify.loan_accrual import accrual_resumed, accrual_stopped
from cluster.verify.loan_corrections import repayment_corrected, repayment_reversed
from cluster.verify.loan_days import day_closed
from cluster.verify.loan_plans import (
    accelerated,
    contract_drawn,
    disbursed,
    disbursement_reversed,
    extended,
    repriced,
    restructured,
)
from cluster.verify.loan_rare import (
    allowance_set,
    misuse_marked,
    provide,
    reclassified,
    recovered,
    settled,
    suspense_refunded,
    waived,
    written_off,
)
from cluster.verify.loan_repaid import check_principal, repaid
from cluster.verify.loan_story import LoanStory

KNOWN_WITHOUT_MONEY: Final = (
    "ContractRequested",
    "ContractRefused",
    "SigningRequested",
    "Signed",
    "SigningRefused",
    "ReversalRequested",
    "ReversalRefused",
    "RepaymentRequested",
    "RepaymentFailed",
    "ProofUploaded",
    "EffectRequested",
    "EffectSettled",
    "EffectDoubted",
    "AccountChangeRequested",
    "AccountChanged",
    "LoanFrozen",
    "LoanUnfrozen",
    "RefundRequested",
    "RefundFailed",
    "DisputeMarked",
    "DeathRecorded",
    "TombstoneLeft",
)
"""Not even read: they change no sum."""


def _on_its_way(sign: int) -> Callable[[LoanStory, dict[str, Any]], None]:
    def tell(story: LoanStory, fields: dict[str, Any]) -> None:
        story.on_its_way_fen += sign * fields["amount_fen"]

    return tell


def _incident(story: LoanStory, fields: dict[str, Any]) -> None:
    """The core's own split of a debit is noted right before it is posted."""
    if fields["code"] == "split_differs" and fields["data"].get("posted") == "core":
        story.split_by_core = fields["effect_id"]


def _with_provision(tell: Callable[[LoanStory, dict[str, Any]], None]) -> Callable[[LoanStory, dict[str, Any]], None]:
    def both(story: LoanStory, fields: dict[str, Any]) -> None:
        tell(story, fields)
        provide(story, fields)
        check_principal(story)

    return both


TOLD: Final[dict[str, Callable[[LoanStory, dict[str, Any]], None]]] = {
    "ContractDrawn": contract_drawn,
    "DisbursementRequested": _on_its_way(1),
    "DisbursementFailed": _on_its_way(-1),
    "Disbursed": disbursed,
    "DisbursementReversed": disbursement_reversed,
    "DayClosed": day_closed,
    "AccrualStopped": accrual_stopped,
    "AccrualResumed": accrual_resumed,
    "Repriced": repriced,
    "Repaid": repaid,
    "LoanSettled": settled,
    "Waived": waived,
    "WrittenOff": written_off,
    "Recovered": recovered,
    "Extended": _with_provision(extended),
    "Restructured": _with_provision(restructured),
    "Accelerated": _with_provision(accelerated),
    "MisuseMarked": misuse_marked,
    "Reclassified": reclassified,
    "AllowanceSet": allowance_set,
    "SuspenseRefunded": suspense_refunded,
    "RepaymentReversed": repayment_reversed,
    "RepaymentCorrected": repayment_corrected,
    "IncidentOpened": _incident,
}
NEEDS_DEAL: Final = frozenset(TOLD) - {"ContractDrawn", "DisbursementRequested", "DisbursementFailed", "IncidentOpened"}


def take(story: LoanStory, type: str, fields: dict[str, Any]) -> None:
    """Tell one event of `TOLD`; what had to come next and did not is a fault of its own."""
    if story.stop_by and type != "AccrualStopped":
        story.fault(6, "accrual went on", f"no longer to be recognised, then {type}")
        story.stop_by = 0
    if story.resume_by and type != "AccrualResumed":
        story.fault(6, "accrual not resumed", f"arrears are clear, then {type}")
        story.resume_by = 0
    if story.stopped_on and type != "WrittenOff":
        story.fault(6, "accrual stopped out of turn", f"then {type}")
        story.stopped_on = 0
    tell = TOLD.get(type)
    if tell is None:
        story.fault(1, "unknown event", f"{type}: the checker must be taught what it does to the sums")
    elif story.deal is None and type in NEEDS_DEAL:
        story.fault(1, "out of turn", f"{type} before there was a contract")
    else:
        tell(story, fields)


def end(story: LoanStory) -> None:
    """What had to follow the last event and did not."""
    if story.stop_by or story.resume_by or story.stopped_on:
        take(story, "", {})
        story.faults.pop()
