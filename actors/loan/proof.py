"""消费凭证: what the customer shows of the loan's use; the document itself lies in content management."""

from actors.codes import Code
from actors.loan.course import Course
from actors.loan.events import ProofUploaded
from actors.loan.messages import AcceptedView, UploadProof
from actors.loan.post import AMOUNT_FEN_MAX
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused

_HEX = frozenset("0123456789abcdef")


def upload_proof(state: LoanState, command: UploadProof, ctx: Context) -> Decision:
    digest = command.document_hash.lower()
    if len(digest) != 64 or not _HEX.issuperset(digest):
        return Refused(Code.BAD_HASH)
    if not 0 < command.amount_fen <= AMOUNT_FEN_MAX:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": command.amount_fen})
    course = Course(state, ctx)
    course.add(ProofUploaded(document_hash=digest, amount_fen=command.amount_fen, document_kind=command.kind))
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=state.status))
