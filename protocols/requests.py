"""What each operation takes: one Struct per request, the same for REST and ESB. Unknown fields are refused.

Path parameters, query parameters and body fields stand together; protocols/operations.py says which is which by the
path. Sums are integers of fen, dates ISO (yyyy-MM-dd). Limits here only keep absurd input out of the house; what a sum,
a term or a use may be is decided by the actors, by the bank's product.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from actors.customer.messages import Facts
from actors.loan.messages_rare import Arrears
from actors.schedule.terms import Method

PAGE_MAX = 100
_FEN = 10**15

CustomerId = Annotated[str, Meta(description="客户编号 · customer id", extra_json_schema={"pattern": r"^C\d{19}$"})]
LoanId = Annotated[str, Meta(description="借据编号 · loan id", extra_json_schema={"pattern": r"^L\d{19}$"})]
ProcessId = Annotated[str, Meta(description="流程编号 · process id", extra_json_schema={"pattern": r"^P\d{19}$"})]
ProductCode = Annotated[str, Meta(min_length=1, max_length=32, description="产品代码 · product code")]
Fen = Annotated[int, Meta(ge=-_FEN, le=_FEN, description="金额，单位分 · amount in fen")]
Count = Annotated[int, Meta(ge=-1000, le=1000)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Hash = Annotated[str, Meta(max_length=128, description="SHA-256 十六进制 · SHA-256 in hex")]
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX, description="每页条数 · rows a page")]
Cursor = Annotated[
    str,
    Meta(
        max_length=64, pattern="^[A-Za-z0-9]*$", description="上一页返回的 next，首页为空 · `next` of the page before"
    ),
]


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all requests."""


class RegisterCustomerRequest(Request, frozen=True, kw_only=True):
    name: Annotated[str, Meta(max_length=100, description="姓名 · name")]
    identity_number: Annotated[str, Meta(max_length=32, description="身份证号 · identity number, GB 11643")]
    phone: Annotated[str, Meta(max_length=32, description="手机号 · mobile phone")]
    account_no: Annotated[str, Meta(max_length=40, description="本人结算账号 · own settlement account")]


class OfCustomer(Request, frozen=True, kw_only=True):
    customer_id: CustomerId


class GiveConsentRequest(OfCustomer, frozen=True, kw_only=True):
    purpose: Annotated[str, Meta(min_length=1, max_length=32, description="授权用途 · bureau, tax, face or contact")]
    version: Annotated[str, Meta(min_length=1, max_length=32, description="授权书版本 · version of the text")]
    text_hash: Hash
    valid_until: date


class WithdrawConsentRequest(OfCustomer, frozen=True, kw_only=True):
    purpose: Annotated[str, Meta(min_length=1, max_length=32, description="授权用途 · purpose")]


class OfLine(OfCustomer, frozen=True, kw_only=True):
    product: ProductCode


class PutOnWhiteListRequest(OfLine, frozen=True, kw_only=True):
    limit_fen: Fen
    rate_bp: Annotated[int, Meta(ge=-10_000, le=10_000, description="利率加点 · basis points added")] = 0
    valid_until: date
    batch: Annotated[str, Meta(max_length=64, description="名单批次 · batch")] = ""


class FreezeLineRequest(OfLine, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, description="原因 · reason")]


class DeclaredFacts(Facts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the applicant declares; sums per month in fen, bands 0 (least) to 9."""

    monthly_income_fen: Fen = 0
    monthly_debt_fen: Fen = 0
    employment_years: Count = 0
    housing: Annotated[str, Meta(max_length=32)] = ""
    purpose: Annotated[str, Meta(max_length=64)] = ""
    existing_loans: Count = 0
    dependants: Count = 0
    savings_band: Count = 0
    checking_band: Count = 0
    history_band: Count = 0


class ApplyRequest(OfLine, frozen=True, kw_only=True):
    amount_fen: Fen
    periods: Annotated[int, Meta(ge=-1000, le=1000, description="期数 · number of instalments")]
    use_code: Annotated[str, Meta(max_length=32, description="用途代码 · use")]
    facts: DeclaredFacts = DeclaredFacts()


class OfProcess(Request, frozen=True, kw_only=True):
    process_id: ProcessId


class OpenContractRequest(OfLine, frozen=True, kw_only=True):
    amount_fen: Fen
    periods: Annotated[int, Meta(ge=-1000, le=1000, description="期数 · number of instalments")]
    method: Method
    due_day: Annotated[int, Meta(ge=-1000, le=1000, description="还款日，0 为放款日 · due day, 0: day of pay-out")] = 0
    use_code: Annotated[str, Meta(max_length=32, description="用途代码 · use")]


class OfLoan(Request, frozen=True, kw_only=True):
    loan_id: LoanId


class SignRequest(OfLoan, frozen=True, kw_only=True):
    cost_confirmed: Annotated[bool, Meta(description="已确认综合融资成本 · the cost table was read and confirmed")]
    contract_hash: Hash


class RepayRequest(OfLoan, frozen=True, kw_only=True):
    kind: Annotated[
        Literal["due", "partial", "full"],
        Meta(description="应还/部分提前/结清 · what is due, a prepayment, or payoff by a quote"),
    ]
    amount_fen: Fen = 0
    quote: Annotated[str, Meta(max_length=128, description="还款试算编号 · the payoff quote")] = ""


class PostRepaymentRequest(OfLoan, frozen=True, kw_only=True):
    amount_fen: Fen
    source: Annotated[str, Meta(min_length=1, max_length=32, description="来源 · counter, court or channel")]
    core_date: date
    core_serial: Word


class ReverseDisbursementRequest(OfLoan, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, description="冲正原因 · reason")]


class UploadProofRequest(OfLoan, frozen=True, kw_only=True):
    document_hash: Hash
    amount_fen: Fen
    kind: Annotated[str, Meta(min_length=1, max_length=32, description="凭证种类 · kind of document")]


Staff = Annotated[str, Meta(min_length=1, max_length=32, description="柜员号 · staff id")]
Reason = Annotated[str, Meta(max_length=200, description="原因 · reason")]
Rate = Annotated[str, Meta(max_length=16, description="年利率小数，空为不变 · rate per year, empty: unchanged")]
Periods = Annotated[int, Meta(ge=-1000, le=1000, description="期数 · number of periods")]
DocumentNo = Annotated[str, Meta(min_length=1, max_length=64, description="文书编号 · number of the document")]


class ChangeSettlementAccountRequest(OfCustomer, frozen=True, kw_only=True):
    account_no: Annotated[str, Meta(max_length=40, description="本人结算账号 · own settlement account")]
    maker: Staff
    checker: Staff


class MeasureRequest(OfLoan, frozen=True, kw_only=True):
    """What two different members of staff decide of a loan: 经办 and 复核."""

    maker: Staff
    checker: Staff
    reason: Reason = ""


class WaiveRequest(MeasureRequest, frozen=True, kw_only=True):
    principal_fen: Fen = 0
    interest_fen: Fen = 0
    penalty_fen: Fen = 0
    compound_fen: Fen = 0


class ExtendLoanRequest(MeasureRequest, frozen=True, kw_only=True):
    periods: Periods
    annual_rate: Rate = ""


class RestructureRequest(MeasureRequest, frozen=True, kw_only=True):
    method: Method
    periods: Periods
    arrears: Annotated[
        Arrears,
        Meta(description="欠款转本/仅本金转入/保留欠款 · arrears into the plan, their principal only, or kept due"),
    ]
    annual_rate: Rate = ""


class MarkMisuseRequest(MeasureRequest, frozen=True, kw_only=True):
    amount_fen: Fen
    from_date: Annotated[date, Meta(description="挪用日期 · day of misuse")]


class ReclassifyRequest(MeasureRequest, frozen=True, kw_only=True):
    risk_class: Annotated[int, Meta(ge=-1000, le=1000, description="1正常2关注3次级4可疑5损失 · 1 normal .. 5 loss")]
    until: Annotated[date | None, Meta(description="保持至，空为长期 · up to the day before, none: for ever")] = None


class SetAllowanceRequest(MeasureRequest, frozen=True, kw_only=True):
    ecl_fen: Annotated[
        int | None, Meta(description="预期信用损失，单位分，空为按分类计提 · ECL figure in fen, none: by class")
    ] = None


class FreezeLoanRequest(OfLoan, frozen=True, kw_only=True):
    document_no: DocumentNo
    reason: Reason = ""


class UnfreezeLoanRequest(OfLoan, frozen=True, kw_only=True):
    document_no: DocumentNo


class RefundSuspenseRequest(MeasureRequest, frozen=True, kw_only=True):
    amount_fen: Fen = 0


class MarkDisputeRequest(OfLoan, frozen=True, kw_only=True):
    note: Annotated[str, Meta(max_length=200, description="异议说明，空为解除 · note, empty: over")] = ""


class RecordDeathRequest(MeasureRequest, frozen=True, kw_only=True):
    died_on: Annotated[date | None, Meta(description="死亡日期，空为撤销 · day of death, none: taken back")] = None


class ReverseRepaymentRequest(OfLoan, frozen=True, kw_only=True):
    original_serial: Annotated[str, Meta(min_length=1, max_length=64, description="原核心流水 · the original's serial")]
    core_date: date
    core_serial: Word
    reason: Reason = ""


class CorrectRepaymentRequest(MeasureRequest, frozen=True, kw_only=True):
    original_serial: Annotated[str, Meta(min_length=1, max_length=64, description="原核心流水 · the original's serial")]
    amount_fen: Annotated[int, Meta(ge=-_FEN, le=_FEN, description="应入账金额，0为撤销 · the right sum, 0: none")]
    value_date: Annotated[date | None, Meta(description="起息日，空为不变 · value date, none: unchanged")] = None
    core_date: Annotated[date | None, Meta(description="原核心日期 · core date of the original")] = None


class LoansOfCustomerRequest(OfCustomer, frozen=True, kw_only=True):
    after: Cursor = ""
    limit: Limit = 20


class TransactionsRequest(OfLoan, frozen=True, kw_only=True):
    after: Annotated[int, Meta(ge=0, le=2**53, description="从该版本之后 · after this version of the loan")] = 0
    limit: Limit = 20


class DailySheetRequest(Request, frozen=True, kw_only=True):
    business_date: Annotated[date, Meta(description="营业日期 · business date")]


class ProductsRequest(Request, frozen=True, kw_only=True):
    pass


class TryScheduleRequest(Request, frozen=True, kw_only=True):
    product: ProductCode
    amount_fen: Fen
    periods: Annotated[int, Meta(ge=-1000, le=1000, description="期数 · number of instalments")]
    method: Method
    due_day: Annotated[int, Meta(ge=-1000, le=1000, description="还款日，0 为放款日 · due day, 0: day of pay-out")] = 0
    start: Annotated[date | None, Meta(description="起息日，空为营业日期 · start; nothing: the business date")] = None
    annual_rate: Annotated[
        str, Meta(max_length=32, description="年利率，空为产品牌价 · yearly rate; nothing: the product's list price")
    ] = ""
