"""The table of operations: what a channel can ask, by REST and by ESB, and how it becomes a message to an actor.

Read `OPERATIONS` first: one row an operation. Both fronts are made from it: protocols/rest/app.py (method, path),
protocols/esb (service code, scene); protocols/front.py carries a row out. A row's ``message`` is the actor's command or
query; its fields are filled from the request's fields of the same name, ``bank`` from the credential, and, where
``from_loan`` says so, from the loan itself.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from actors.address import Kind, new_customer_id, new_id_beside
from actors.customer import messages as customer
from actors.loan import messages as loan
from actors.loan import messages_corrections as corrections
from actors.loan import messages_rare as rare
from actors.loan.trial import ScheduleTrial
from actors.process import messages as process
from actors.turn import Command
from protocols import follow, replies
from protocols import requests as take
from protocols.follow import Follow
from runtime.messages import Operation

ID_FIELDS: dict[str, Kind] = {"customer_id": "customer", "loan_id": "loan", "process_id": "process"}
"""Request fields that hold an id we issue, and of what kind; any other id there is BAD_ID."""


class Target(Struct, frozen=True):
    """To whom the message goes: the actor named by ``field``, or a new one (beside the actor named by ``field``)."""

    kind: Kind
    how: Literal["given", "new", "beside"]
    field: str = ""

    def id(self, key: bytes, request: Struct, bank: str, operation: Operation | None) -> str:
        """The actor's id; of a new one a keyed hash of the operation, so that a retry reaches the same actor."""
        if self.how == "given":
            return str(getattr(request, self.field))
        assert operation is not None, "only commands create actors"
        word = f"{operation.id}/{operation.tran_date}" if operation.tran_date else operation.id
        if self.how == "new":
            return new_customer_id(key, bank, operation.channel, word)
        return new_id_beside(key, self.kind, getattr(request, self.field), bank, operation.channel, word)


class Row(Struct, frozen=True, kw_only=True):
    """One operation. ``created``: REST answers 201 instead of 200. ``follow``: how its end is waited for.

    Either ``target`` and ``message`` (an actor is asked) or ``read`` (a list that no single actor holds).
    """

    name: str
    zh: str
    en: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    service: str
    scene: str
    request: type[Struct]
    view: type[Struct]
    target: Target | None = None
    message: type[Struct] | None = None
    from_loan: tuple[str, ...] = ()
    read: Literal["", "loans", "transactions", "products", "daily_sheet", "trial"] = ""
    follow: Follow | None = None
    created: bool = False

    @property
    def command(self) -> bool:
        """Whether it changes anything: then an operation id (Idempotency-Key, sequence number) is required."""
        return self.message is not None and issubclass(self.message, Command)

    @property
    def path_fields(self) -> tuple[str, ...]:
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def other_fields(self) -> tuple[str, ...]:
        """Fields of the body (commands) or of the query string (queries)."""
        return tuple(name for name in self.request.__struct_fields__ if name not in self.path_fields)


def _given(kind: Kind) -> Target:
    return Target(kind, "given", f"{kind}_id")


_CUSTOMER, _LOAN, _PROCESS = _given("customer"), _given("loan"), _given("process")
_C, _L = "/v1/customers/{customer_id}", "/v1/loans/{loan_id}"

# fmt: off
OPERATIONS: tuple[Row, ...] = (
    # customer 客户
    Row(name="register_customer", zh="客户登记", en="register a customer",
        method="POST", path="/v1/customers", service="MDCU0001", scene="01", created=True,
        request=take.RegisterCustomerRequest, view=customer.RegisteredView,
        target=Target("customer", "new"), message=customer.RegisterCustomer),
    Row(name="get_customer", zh="客户信息查询", en="query a customer",
        method="GET", path=_C, service="MDCU0001", scene="02",
        request=take.OfCustomer, view=customer.CustomerView, target=_CUSTOMER, message=customer.GetCustomer),
    Row(name="give_consent", zh="客户授权", en="give a consent",
        method="POST", path=f"{_C}/consents", service="MDCU0002", scene="01", created=True,
        request=take.GiveConsentRequest, view=replies.CustomerChanged, target=_CUSTOMER, message=customer.GiveConsent),
    Row(name="withdraw_consent", zh="撤回授权", en="withdraw a consent",
        method="DELETE", path=f"{_C}/consents/{{purpose}}", service="MDCU0002", scene="02",
        request=take.WithdrawConsentRequest, view=replies.CustomerChanged,
        target=_CUSTOMER, message=customer.WithdrawConsent),
    Row(name="put_on_white_list", zh="加入白名单", en="put on a product's white list",
        method="PUT", path=f"{_C}/white-list/{{product}}", service="MDCU0003", scene="01",
        request=take.PutOnWhiteListRequest, view=replies.CustomerChanged,
        target=_CUSTOMER, message=customer.PutOnWhiteList),
    Row(name="take_off_white_list", zh="移出白名单", en="take off a white list",
        method="DELETE", path=f"{_C}/white-list/{{product}}", service="MDCU0003", scene="02",
        request=take.OfLine, view=replies.CustomerChanged, target=_CUSTOMER, message=customer.TakeOffWhiteList),
    Row(name="freeze_line", zh="额度冻结", en="freeze a line",
        method="POST", path=f"{_C}/lines/{{product}}/freeze", service="MDCU0004", scene="01",
        request=take.FreezeLineRequest, view=replies.CustomerChanged, target=_CUSTOMER, message=customer.FreezeLine),
    Row(name="unfreeze_line", zh="额度解冻", en="unfreeze a line",
        method="POST", path=f"{_C}/lines/{{product}}/unfreeze", service="MDCU0004", scene="02",
        request=take.OfLine, view=replies.CustomerChanged, target=_CUSTOMER, message=customer.UnfreezeLine),
    Row(name="get_lines", zh="额度查询", en="query the lines",
        method="GET", path=f"{_C}/lines", service="MDCU0004", scene="03",
        request=take.OfCustomer, view=customer.LinesView, target=_CUSTOMER, message=customer.GetLines),
    Row(name="list_loans", zh="客户借据列表", en="loans of a customer",
        method="GET", path=f"{_C}/loans", service="MDCU0005", scene="01",
        request=take.LoansOfCustomerRequest, view=replies.LoanPage, target=_CUSTOMER, read="loans"),
    Row(name="change_settlement_account", zh="结算账户变更", en="change the settlement account",
        method="PUT", path=f"{_C}/account", service="MDCU0006", scene="01",
        request=take.ChangeSettlementAccountRequest, view=replies.CustomerChanged,
        target=_CUSTOMER, message=customer.ChangeSettlementAccount),
    # application 用信申请
    Row(name="apply", zh="用信申请", en="apply for credit",
        method="POST", path="/v1/applications", service="MDAP0001", scene="01", created=True,
        request=take.ApplyRequest, view=replies.ProcessOutcome,
        target=Target("process", "beside", "customer_id"), message=process.Apply, follow=follow.APPLICATION),
    Row(name="get_application", zh="申请结果查询", en="result of an application",
        method="GET", path="/v1/applications/{process_id}", service="MDAP0001", scene="02",
        request=take.OfProcess, view=replies.ProcessOutcome,
        target=_PROCESS, message=process.GetProcess, follow=follow.APPLICATION),
    Row(name="get_process", zh="流程查询", en="query a process",
        method="GET", path="/v1/processes/{process_id}", service="MDAP0002", scene="01",
        request=take.OfProcess, view=process.ProcessView, target=_PROCESS, message=process.GetProcess),
    # contract and drawdown 合同与提款
    Row(name="open_contract", zh="生成借款合同", en="draw up a contract",
        method="POST", path="/v1/loans", service="MDLN0001", scene="01", created=True,
        request=take.OpenContractRequest, view=replies.LoanOutcome,
        target=Target("loan", "beside", "customer_id"), message=loan.OpenContract, follow=follow.CONTRACT),
    Row(name="get_contract", zh="合同查询", en="query the contract",
        method="GET", path=f"{_L}/contract", service="MDLN0001", scene="02",
        request=take.OfLoan, view=loan.ContractView, target=_LOAN, message=loan.GetContract),
    Row(name="sign", zh="合同签署", en="sign the contract",
        method="POST", path=f"{_L}/signature", service="MDLN0001", scene="03",
        request=take.SignRequest, view=replies.LoanOutcome,
        target=_LOAN, message=loan.Sign, follow=follow.SIGNATURE),
    Row(name="draw", zh="提款", en="draw down",
        method="POST", path=f"{_L}/drawdown", service="MDLN0002", scene="01",
        request=take.OfLoan, view=replies.ProcessOutcome,
        target=Target("process", "beside", "loan_id"), message=process.Draw, from_loan=("customer_id",),
        follow=follow.DRAWDOWN),
    Row(name="reverse_disbursement", zh="放款冲正", en="reverse a disbursement",
        method="POST", path=f"{_L}/reversal", service="MDLN0002", scene="02",
        request=take.ReverseDisbursementRequest, view=replies.LoanOutcome,
        target=_LOAN, message=loan.ReverseDisbursement, follow=follow.REVERSAL),
    Row(name="upload_proof", zh="上传消费凭证", en="upload a proof of use",
        method="POST", path=f"{_L}/proofs", service="MDLN0002", scene="03", created=True,
        request=take.UploadProofRequest, view=loan.AcceptedView, target=_LOAN, message=loan.UploadProof),
    # repayment 还款
    Row(name="repay", zh="还款（扣款）", en="repay by auto-debit",
        method="POST", path=f"{_L}/repayments", service="MDLN0003", scene="01", created=True,
        request=take.RepayRequest, view=replies.LoanOutcome,
        target=_LOAN, message=loan.Repay, follow=follow.REPAYMENT),
    Row(name="post_repayment", zh="还款入账（已收款）", en="post a repayment already collected",
        method="POST", path=f"{_L}/posted-repayments", service="MDLN0003", scene="02", created=True,
        request=take.PostRepaymentRequest, view=loan.RepaidView, target=_LOAN, message=loan.PostRepayment),
    Row(name="get_payoff_quote", zh="还款试算", en="payoff quote",
        method="GET", path=f"{_L}/payoff-quote", service="MDLN0003", scene="03",
        request=take.OfLoan, view=loan.PayoffQuote, target=_LOAN, message=loan.GetPayoffQuote),
    Row(name="reverse_repayment", zh="还款冲正", en="reverse a repayment on its own day",
        method="POST", path=f"{_L}/repayment-reversals", service="MDLN0003", scene="04", created=True,
        request=take.ReverseRepaymentRequest, view=corrections.CorrectionView,
        target=_LOAN, message=corrections.ReverseRepayment),
    Row(name="correct_repayment", zh="还款错账调整", en="correct an earlier repayment",
        method="POST", path=f"{_L}/repayment-corrections", service="MDLN0003", scene="05", created=True,
        request=take.CorrectRepaymentRequest, view=corrections.CorrectionView,
        target=_LOAN, message=corrections.CorrectRepayment),
    # the rarer events of a loan's life 贷后
    Row(name="waive", zh="减免", en="waive interest, penalty or principal",
        method="POST", path=f"{_L}/waivers", service="MDLN0005", scene="01", created=True,
        request=take.WaiveRequest, view=loan.RepaidView, target=_LOAN, message=rare.Waive),
    Row(name="write_off", zh="核销", en="write off",
        method="POST", path=f"{_L}/write-off", service="MDLN0005", scene="02",
        request=take.MeasureRequest, view=loan.AcceptedView, target=_LOAN, message=rare.WriteOff),
    Row(name="extend_loan", zh="展期", en="extend the term",
        method="POST", path=f"{_L}/extension", service="MDLN0005", scene="03",
        request=take.ExtendLoanRequest, view=loan.AcceptedView, target=_LOAN, message=rare.ExtendLoan),
    Row(name="restructure", zh="重组", en="restructure",
        method="POST", path=f"{_L}/restructuring", service="MDLN0005", scene="04",
        request=take.RestructureRequest, view=loan.AcceptedView, target=_LOAN, message=rare.Restructure),
    Row(name="accelerate", zh="提前到期", en="call the loan in",
        method="POST", path=f"{_L}/acceleration", service="MDLN0005", scene="05",
        request=take.MeasureRequest, view=loan.AcceptedView, target=_LOAN, message=rare.Accelerate),
    Row(name="mark_misuse", zh="挪用认定", en="mark misuse",
        method="POST", path=f"{_L}/misuse", service="MDLN0005", scene="06",
        request=take.MarkMisuseRequest, view=loan.AcceptedView, target=_LOAN, message=rare.MarkMisuse),
    Row(name="reclassify", zh="分类调整", en="override the risk class",
        method="PUT", path=f"{_L}/risk-class", service="MDLN0005", scene="07",
        request=take.ReclassifyRequest, view=loan.AcceptedView, target=_LOAN, message=rare.Reclassify),
    Row(name="set_allowance", zh="减值准备调整", en="set the allowance",
        method="PUT", path=f"{_L}/allowance", service="MDLN0005", scene="08",
        request=take.SetAllowanceRequest, view=loan.AcceptedView, target=_LOAN, message=rare.SetAllowance),
    Row(name="change_account", zh="还款账户变更", en="change the repayment account",
        method="POST", path=f"{_L}/account", service="MDLN0006", scene="01",
        request=take.MeasureRequest, view=loan.AcceptedView, target=_LOAN, message=rare.ChangeAccount),
    Row(name="freeze_loan", zh="借据冻结", en="freeze by a court's document",
        method="POST", path=f"{_L}/freeze", service="MDLN0006", scene="02",
        request=take.FreezeLoanRequest, view=loan.AcceptedView, target=_LOAN, message=rare.FreezeLoan),
    Row(name="unfreeze_loan", zh="借据解冻", en="lift the freeze",
        method="POST", path=f"{_L}/unfreeze", service="MDLN0006", scene="03",
        request=take.UnfreezeLoanRequest, view=loan.AcceptedView, target=_LOAN, message=rare.UnfreezeLoan),
    Row(name="refund_suspense", zh="退溢缴款", en="refund a surplus",
        method="POST", path=f"{_L}/refunds", service="MDLN0006", scene="04", created=True,
        request=take.RefundSuspenseRequest, view=replies.LoanOutcome,
        target=_LOAN, message=rare.RefundSuspense, follow=follow.REFUND),
    Row(name="mark_dispute", zh="征信异议标注", en="mark a disputed bureau record",
        method="PUT", path=f"{_L}/dispute", service="MDLN0006", scene="05",
        request=take.MarkDisputeRequest, view=loan.AcceptedView, target=_LOAN, message=rare.MarkDispute),
    Row(name="record_death", zh="借款人死亡登记", en="record the borrower's death",
        method="PUT", path=f"{_L}/death", service="MDLN0006", scene="06",
        request=take.RecordDeathRequest, view=loan.AcceptedView, target=_LOAN, message=rare.RecordDeath),
    Row(name="get_settlement_certificate", zh="结清证明查询", en="data of the settlement certificate",
        method="GET", path=f"{_L}/settlement-certificate", service="MDLN0006", scene="07",
        request=take.OfLoan, view=rare.CertificateView, target=_LOAN, message=rare.GetSettlementCertificate),
    # queries of the loan 借据查询
    Row(name="get_loan", zh="借据查询", en="query a loan",
        method="GET", path=_L, service="MDLN0004", scene="01",
        request=take.OfLoan, view=loan.LoanView, target=_LOAN, message=loan.GetLoan),
    Row(name="get_schedule", zh="还款计划查询", en="query the schedule",
        method="GET", path=f"{_L}/schedule", service="MDLN0004", scene="02",
        request=take.OfLoan, view=loan.ScheduleView, target=_LOAN, message=loan.GetSchedule),
    Row(name="list_transactions", zh="借据交易明细", en="transactions of a loan",
        method="GET", path=f"{_L}/transactions", service="MDLN0004", scene="03",
        request=take.TransactionsRequest, view=replies.TransactionPage, target=_LOAN, read="transactions"),
    # the bank 法人
    Row(name="list_products", zh="产品列表", en="the bank's products",
        method="GET", path="/v1/products", service="MDPD0001", scene="01",
        request=take.ProductsRequest, view=replies.ProductList, read="products"),
    Row(name="try_schedule", zh="贷款试算", en="try a schedule before there is a loan",
        method="GET", path="/v1/schedule-trial", service="MDPD0001", scene="02",
        request=take.TryScheduleRequest, view=ScheduleTrial, read="trial"),
    Row(name="get_daily_sheet", zh="日计表查询", en="daily sheet and trial balance",
        method="GET", path="/v1/books/{business_date}/daily-sheet", service="MDBK0001", scene="01",
        request=take.DailySheetRequest, view=replies.DailySheet, read="daily_sheet"),
)
# fmt: on

BY_NAME: dict[str, Row] = {row.name: row for row in OPERATIONS}
BY_SERVICE: dict[tuple[str, str], Row] = {(row.service, row.scene): row for row in OPERATIONS}


def message_of(row: Row) -> Callable[[Any, str, dict[str, Any]], bytes]:
    """(request, bank, facts of the loan) -> msgpack of the row's command or query; made once per row."""
    message = row.message
    assert message is not None
    from_request = tuple(f for f in message.__struct_fields__ if f in row.request.__struct_fields__)
    from_elsewhere = tuple(f for f in message.__struct_fields__ if f not in from_request)
    needs_bank = "bank" in from_elsewhere
    encode = msgspec.msgpack.Encoder().encode

    def build(request: Any, bank: str, found: dict[str, Any]) -> bytes:
        fields: dict[str, Any] = {name: getattr(request, name) for name in from_request}
        if needs_bank:
            fields["bank"] = bank
        for name in row.from_loan:
            fields[name] = found[name]
        return encode(message(**fields))

    return build
