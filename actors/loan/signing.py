"""签约: the person confirms costs and text by its hash, the CA signs, and the loan can be drawn."""

from msgspec import Struct

from actors.codes import Code
from actors.loan.course import Course
from actors.loan.events import Signed, SigningRefused, SigningRequested
from actors.loan.messages import AcceptedView, Sign
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused


class Certificate(Struct, frozen=True):
    """What the CA answers."""

    certificate_no: str
    signature: str
    signed_at: str


def sign(state: LoanState, command: Sign, ctx: Context) -> Decision:
    assert state.contract is not None
    if not command.cost_confirmed:
        return Refused(Code.COSTS_NOT_CONFIRMED)
    if command.contract_hash.lower() != state.contract.hash:
        return Refused(Code.CONTRACT_CHANGED, {"contract_hash": state.contract.hash})
    course = Course(state, ctx)
    course.add(SigningRequested(contract_hash=state.contract.hash))
    course.ask(
        "ca.sign",
        {
            "bank": state.bank,
            "loan_id": ctx.actor_id,
            "customer_id": state.customer_id,
            "name_sealed": state.name_sealed,
            "identity_sealed": state.identity_sealed,
            "contract_hash": state.contract.hash,
        },
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status="signing"))


def signed(course: Course, effect_id: str, certificate: Certificate) -> None:
    course.add(
        Signed(
            certificate_no=certificate.certificate_no,
            signature=certificate.signature,
            signed_at=certificate.signed_at,
        )
    )


def not_signed(course: Course, effect_id: str, code: str) -> None:
    course.add(SigningRefused(code=code or Code.SIGN_REFUSED.word))
