"""结清证明: what the bank certifies of a settled loan; the document itself is made from these by the channel."""

from actors.loan.amount_words import in_words
from actors.loan.contract import contract_no
from actors.loan.messages_rare import CertificateView
from actors.loan.state import LoanState


def waived_fen(state: LoanState) -> int:
    """Given up of the loan itself, before any write-off."""
    principal, interest = state.principal_fen_waived, state.interest_fen_waived
    return principal + interest + state.penalty_fen_waived + state.compound_fen_waived


def certificate(state: LoanState, loan_id: str) -> CertificateView:
    """Sums paid by component, recoveries after a write-off included. Empty while the loan is not settled."""
    settled = state.status == "settled"
    paid = [
        state.principal_fen_repaid,
        state.interest_fen_repaid,
        state.penalty_fen_repaid,
        state.compound_fen_repaid,
    ]
    waived = waived_fen(state)
    claim = state.claim
    if claim is not None:
        met = (claim.principal_fen_met, claim.interest_fen_met, claim.penalty_fen_met, claim.compound_fen_met)
        paid = [before + part - given_up for before, part, given_up in zip(paid, met, claim.waived, strict=True)]
        waived += sum(claim.waived)
    if not settled:
        paid, waived = [0, 0, 0, 0], 0
    fee = state.fee_fen_repaid if settled else 0
    amount = state.terms.amount_fen if settled else 0
    return CertificateView(
        loan_id=loan_id,
        status=state.status,
        certificate_no=f"JQ{loan_id[1:]}" if settled else "",
        contract_no=contract_no(loan_id) if settled else "",
        product=state.terms.product,
        amount_fen=amount,
        amount_words=in_words(amount) if settled else "",
        disbursed_on=state.disbursed_on if settled else None,
        settled_on=state.settled_on,
        principal_fen_paid=paid[0],
        interest_fen_paid=paid[1],
        penalty_fen_paid=paid[2],
        compound_fen_paid=paid[3],
        fee_fen_paid=fee,
        total_fen_paid=sum(paid) + fee,
        total_words=in_words(sum(paid) + fee) if settled else "",
        waived_fen=waived,
        written_off=claim is not None,
    )
