"""Every stable code, in one table: refusals of the actors and errors of the fronts and the runtime. Never reused.

``number`` is what the ESB returns (``RET_CODE`` = "MD" + four digits) and stands in the problem type of REST. HTTP
status follows from ``sort`` at the edge (protocols/problems.py). The document docs/codes.md is made from this table.
"""

from enum import Enum
from typing import NamedTuple


class Sort(Enum):
    """What a client can do about it; the edge maps it to HTTP status."""

    MALFORMED = "malformed"  # 400: the message is wrong, correct it
    UNAUTHENTICATED = "unauthenticated"  # 401
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404
    CONFLICT = "conflict"  # 409: not now, not in this status
    REFUSED = "refused"  # 422: understood, and the rules say no
    TOO_LARGE = "too_large"  # 413
    BUSY = "busy"  # 429: slow down, then the same id again
    UNAVAILABLE = "unavailable"  # 503: try again with the same id
    UNKNOWN = "unknown"  # 504: outcome unknown, ask again with the same id
    INTERNAL = "internal"  # 500


class _Row(NamedTuple):
    number: int
    sort: Sort
    zh: str
    en: str


class Code(Enum):
    """Name = code word in lower case; see `word`."""

    # fmt: off
    # messages (1xxx)
    MALFORMED = _Row(1001, Sort.MALFORMED, "报文格式错误", "the message is not well-formed")
    MISSING_FIELD = _Row(1002, Sort.MALFORMED, "缺少必输字段", "a required field is missing")
    UNKNOWN_FIELD = _Row(1003, Sort.MALFORMED, "存在未定义的字段", "a field is not known")
    WRONG_TYPE = _Row(1004, Sort.MALFORMED, "字段类型或取值错误", "a field has the wrong type or value")
    BAD_ID = _Row(1005, Sort.MALFORMED, "编号校验不通过", "the id is not one we issue")
    BODY_TOO_LARGE = _Row(1006, Sort.TOO_LARGE, "报文超过长度上限", "the message is over the size limit")
    XML_FORBIDDEN = _Row(1007, Sort.MALFORMED, "报文含有禁止的DOCTYPE或实体", "DOCTYPE or entities are forbidden")
    XML_TOO_DEEP = _Row(1008, Sort.MALFORMED, "报文嵌套过深", "the XML is nested too deeply")
    WRONG_CHARSET = _Row(1009, Sort.MALFORMED, "字符集不符", "the bytes are not in the channel's charset")
    BAD_FRAME = _Row(1010, Sort.MALFORMED, "报文长度域错误", "the frame's length field is wrong")
    FRAME_TIMEOUT = _Row(1011, Sort.MALFORMED, "报文接收超时", "the rest of the frame did not arrive in time")
    UNKNOWN_SERVICE = _Row(1012, Sort.NOT_FOUND, "服务代码不存在", "no such service or path")
    MISSING_OPERATION_ID = _Row(1013, Sort.MALFORMED, "缺少流水号", "an operation id (Idempotency-Key, sequence number) is needed")
    FRAME_DESYNC = _Row(1014, Sort.MALFORMED, "报文失步，连接将关闭", "frame boundary lost, the connection is closed")
    METHOD_NOT_ALLOWED = _Row(1015, Sort.MALFORMED, "请求方法不支持", "method not allowed here")
    # credentials (2xxx)
    UNAUTHENTICATED = _Row(2001, Sort.UNAUTHENTICATED, "身份未认证", "no or unknown credential")
    BAD_SIGNATURE = _Row(2002, Sort.UNAUTHENTICATED, "签名或MAC不正确", "the signature or MAC is wrong")
    STALE_MESSAGE = _Row(2003, Sort.UNAUTHENTICATED, "报文时间超出允许范围", "the time stamp is outside the window")
    REPLAYED_MESSAGE = _Row(2004, Sort.UNAUTHENTICATED, "报文重放", "the nonce was seen before")
    OPERATION_FORBIDDEN = _Row(2005, Sort.FORBIDDEN, "渠道无权办理该交易", "the channel may not do this")
    BANK_FORBIDDEN = _Row(2006, Sort.FORBIDDEN, "渠道无权访问该法人", "the channel may not act for this bank")
    RATE_LIMITED = _Row(2007, Sort.BUSY, "请求过于频繁，请稍后", "over the channel's rate limit")
    # runtime (3xxx)
    OPERATION_MISMATCH = _Row(3001, Sort.CONFLICT, "流水号重复但内容不同", "same operation id, other content")
    OVERLOADED = _Row(3002, Sort.BUSY, "系统繁忙，请放慢后以原流水号重发", "overloaded: slow down, same id again")
    UNAVAILABLE = _Row(3003, Sort.UNAVAILABLE, "服务暂不可用，请以原流水号重发", "not available: same id again")
    OUTCOME_UNKNOWN = _Row(3004, Sort.UNKNOWN, "处理结果未知，请以原流水号查询或重发", "outcome unknown: same id again")
    QUARANTINED = _Row(3005, Sort.INTERNAL, "该对象已隔离，等待人工处理", "this actor is quarantined until a person looks at it")
    INTERNAL = _Row(3006, Sort.INTERNAL, "系统内部错误", "internal error")
    EXPIRED = _Row(3007, Sort.UNAVAILABLE, "请求已过时限，未处理", "the deadline passed before it was begun; nothing was done")
    NOT_FOUND = _Row(3008, Sort.NOT_FOUND, "记录不存在", "no such customer, loan or process at this bank")
    ALREADY_EXISTS = _Row(3009, Sort.CONFLICT, "编号已存在", "the id is taken")
    DEDICATED_CAP = _Row(3010, Sort.UNAVAILABLE, "专属进程数已达上限", "no more dedicated actors may be created")
    # customer (4xxx)
    BAD_IDENTITY_NUMBER = _Row(4001, Sort.REFUSED, "身份证号码不正确", "the identity number fails GB 11643")
    IDENTITY_TAKEN = _Row(4002, Sort.CONFLICT, "该证件已在本行登记", "this identity is registered at this bank")
    BAD_PHONE = _Row(4003, Sort.REFUSED, "手机号码不正确", "the phone number is not valid")
    BAD_NAME = _Row(4004, Sort.REFUSED, "姓名不正确", "the name is empty or not a name")
    BAD_ACCOUNT = _Row(4005, Sort.REFUSED, "账号不正确", "the account number is not valid")
    UNDER_AGE = _Row(4006, Sort.REFUSED, "未满最低年龄", "below the minimum age")
    OVER_AGE = _Row(4007, Sort.REFUSED, "到期时超过最高年龄", "above the maximum age at maturity")
    BAD_CONSENT = _Row(4008, Sort.REFUSED, "授权内容不正确", "the consent is of no known purpose, or expired")
    CONSENT_MISSING = _Row(4009, Sort.REFUSED, "缺少有效授权", "a valid consent is missing")
    LINE_MISSING = _Row(4010, Sort.REFUSED, "无可用授信额度", "no credit line for this product")
    LINE_FROZEN = _Row(4011, Sort.REFUSED, "额度已冻结", "the line is frozen")
    LINE_EXPIRED = _Row(4012, Sort.REFUSED, "额度已到期", "the line has expired")
    OVER_LINE = _Row(4013, Sort.REFUSED, "超过可用额度", "the sum is over the available line")
    CUSTOMER_OVERDUE = _Row(4014, Sort.REFUSED, "存在逾期借据，不能提款", "another loan of the customer is overdue")
    RESERVATION_MISSING = _Row(4015, Sort.CONFLICT, "预占记录不存在", "no such reservation")
    NOT_ON_WHITE_LIST = _Row(4016, Sort.REFUSED, "不在白名单内", "not on the white list")
    LINE_STATUS = _Row(4017, Sort.CONFLICT, "额度状态不允许该操作", "not allowed in the line's status")
    CUSTOMER_STATUS = _Row(4018, Sort.CONFLICT, "客户状态不允许该操作", "not allowed in the customer's status")
    DRAWS_BLOCKED = _Row(4019, Sort.REFUSED, "存在核销、挪用等情形，不能提款", "a loan of the customer blocks draws: written off, misused, death")
    LINE_ENDED = _Row(4020, Sort.REFUSED, "额度已终止", "the line has ended with a write-off")
    # products and amounts (5xxx)
    UNKNOWN_PRODUCT = _Row(5001, Sort.REFUSED, "产品不存在", "no such product at this bank")
    BAD_AMOUNT = _Row(5002, Sort.REFUSED, "金额不正确", "the amount must be above zero and in steps")
    AMOUNT_OUT_OF_RANGE = _Row(5003, Sort.REFUSED, "金额超出产品范围", "the amount is outside the product's range")
    BAD_PERIODS = _Row(5004, Sort.REFUSED, "期数超出产品范围", "the periods are outside the product's range")
    BAD_METHOD = _Row(5005, Sort.REFUSED, "产品不支持该还款方式", "the product does not offer this method")
    BAD_USE = _Row(5006, Sort.REFUSED, "贷款用途不允许", "the use is forbidden or unknown")
    BAD_DUE_DAY = _Row(5007, Sort.REFUSED, "还款日不正确", "the due day must be 0..31")
    BAD_TERMS = _Row(5020, Sort.REFUSED, "条款有误或自相矛盾", "the terms contradict a rule; the text names field and rule")
    PROPOSAL_STATUS = _Row(5021, Sort.CONFLICT, "变更申请已了结", "the proposal is approved, rejected or withdrawn already")
    PROPOSAL_OUTDATED = _Row(5022, Sort.CONFLICT, "变更申请所依据的版本已变化", "what the proposal changes has changed since: propose again")
    BAD_VALID_FROM = _Row(5023, Sort.REFUSED, "生效日须晚于营业日期", "terms take effect after the current business date only")
    NO_CHANGE = _Row(5024, Sort.REFUSED, "与生效日的条款相同", "nothing differs from the terms in force on that date")
    LATER_VERSION = _Row(5025, Sort.CONFLICT, "已有更晚生效的版本改动同一项", "a version for a later date changes the same item")
    LPR_CONFLICT = _Row(5026, Sort.CONFLICT, "与已公布的LPR不符", "it contradicts the LPR published already")
    OFF_SALE = _Row(5027, Sort.REFUSED, "产品已停售", "the product is no longer sold")
    BAD_START = _Row(5028, Sort.REFUSED, "起息日超出试算范围", "the start is more than three years from the business date")
    # loan (6xxx)
    LOAN_STATUS = _Row(6001, Sort.CONFLICT, "借据状态不允许该操作", "not allowed in the loan's status")
    COSTS_NOT_CONFIRMED = _Row(6002, Sort.REFUSED, "未确认综合融资成本", "the financing-cost table must be confirmed first")
    CONTRACT_CHANGED = _Row(6003, Sort.CONFLICT, "合同内容已变化", "the contract hash is not the current one")
    QUOTE_STALE = _Row(6004, Sort.CONFLICT, "试算已失效，请重新试算", "the quote is of another date or version")
    REPAYMENT_IN_FLIGHT = _Row(6005, Sort.CONFLICT, "有扣款正在处理中", "an auto-debit is in flight")
    NOTHING_DUE = _Row(6006, Sort.REFUSED, "无应还款项", "nothing is due")
    BELOW_PREPAY_MIN = _Row(6007, Sort.REFUSED, "低于最低提前还款金额", "below the least prepayment")
    OVER_PAYOFF = _Row(6008, Sort.REFUSED, "超过结清金额", "more than what settles the loan")
    ARREARS_FIRST = _Row(6009, Sort.REFUSED, "须先归还到期或逾期款项", "arrears and due instalments come first")
    NOT_SAME_DAY = _Row(6010, Sort.CONFLICT, "非当日交易不能冲正", "only on the same day")
    LATER_OPERATIONS = _Row(6011, Sort.CONFLICT, "已有后续交易，不能冲正", "later operations stand in the way")
    DATE_CLOSED = _Row(6012, Sort.CONFLICT, "该日期已日终", "the date is closed")
    DATE_NOT_OPEN = _Row(6013, Sort.CONFLICT, "该日期尚未开始", "the date is not yet open")
    DEBIT_INSUFFICIENT = _Row(6014, Sort.REFUSED, "账户余额不足", "the account's balance does not suffice")
    DEBIT_REFUSED = _Row(6015, Sort.REFUSED, "核心拒绝扣款", "the core refused the debit")
    DISBURSE_REFUSED = _Row(6016, Sort.REFUSED, "核心拒绝放款", "the core refused the disbursement")
    SIGN_REFUSED = _Row(6017, Sort.REFUSED, "电子签名未通过", "the CA refused to sign")
    BAD_SOURCE = _Row(6018, Sort.REFUSED, "还款来源不正确", "unknown source or kind of repayment")
    BAD_HASH = _Row(6019, Sort.REFUSED, "摘要格式不正确", "the hash is not a SHA-256 in hex")
    ALREADY_SETTLED = _Row(6020, Sort.CONFLICT, "借据已结清", "the loan is settled")
    SERIAL_POSTED = _Row(6021, Sort.CONFLICT, "该核心流水已入账", "this core serial was posted on this loan already")
    REVERSED_BEFORE = _Row(6022, Sort.CONFLICT, "该交易已被先到的冲正撤销", "its reversal came before it: it is not posted any more")
    TWO_PERSONS = _Row(6023, Sort.REFUSED, "经办与复核须为不同人员", "maker and checker must be two persons")
    NOTHING_TO_REVERSE = _Row(6024, Sort.CONFLICT, "原交易不存在或不可冲正", "there is no such entry, or it can't be reversed")
    LOAN_FROZEN = _Row(6025, Sort.CONFLICT, "借据已冻结", "the loan is frozen")
    BAD_STEP = _Row(6026, Sort.REFUSED, "提前还款金额须为规定倍数", "the prepayment must be a multiple of the product's step")
    TERM_TOO_LONG = _Row(6027, Sort.REFUSED, "展期后期限超过上限", "the term would be over the limit")
    NOT_WAIVABLE = _Row(6028, Sort.REFUSED, "减免金额超过欠款", "more than is owed of it")
    NO_SUSPENSE = _Row(6029, Sort.REFUSED, "无可退溢缴款", "there is no surplus to refund")
    APPROVAL_MISSING = _Row(6030, Sort.REFUSED, "缺少审批", "an approval is missing")
    NOT_CAPITALISABLE = _Row(6040, Sort.REFUSED, "非应计贷款的利息不得转为本金", "interest of a loan in non-accrual cannot become principal")
    NOTHING_NOT_DUE = _Row(6041, Sort.REFUSED, "无未到期本金", "no principal is left that is not due")
    MISUSE_MARKED = _Row(6042, Sort.CONFLICT, "已认定挪用", "misuse of this loan is marked already")
    BAD_CLASS = _Row(6043, Sort.REFUSED, "分类不正确或优于规则分类", "no such class, or better than the rules allow")
    NOT_FROZEN = _Row(6044, Sort.CONFLICT, "借据未被该文书冻结", "the loan is not frozen by this document")
    REFUND_IN_FLIGHT = _Row(6045, Sort.CONFLICT, "有退款正在处理中", "a refund is in flight")
    REFUND_REFUSED = _Row(6046, Sort.REFUSED, "核心拒绝退款", "the core refused the refund")
    BORROWER_DECEASED = _Row(6047, Sort.CONFLICT, "借款人已死亡，停止扣款", "the borrower is dead: no auto-debit")
    BEFORE_DISBURSEMENT = _Row(6048, Sort.REFUSED, "日期早于放款日", "the date is before the pay-out")
    BAD_RATE = _Row(6049, Sort.REFUSED, "利率不正确", "the rate is no rate, too fine, or takes others over one a year")
    NOTHING_TO_CORRECT = _Row(6050, Sort.REFUSED, "更正前后无差异", "the correction changes nothing")
    CORRECTION_UNSURE = _Row(6051, Sort.CONFLICT, "无法重演历史交易，不能自动更正", "the past can't be told again exactly: correct by hand")
    # process (7xxx): reasons of a refused application, and the flow's own errors
    PROCESS_STATUS = _Row(7001, Sort.CONFLICT, "流程状态不允许该操作", "not allowed in the process's status")
    UNKNOWN_FLOW = _Row(7002, Sort.INTERNAL, "业务流程未配置", "the bank has no such flow")
    FLOW_STUCK = _Row(7003, Sort.INTERNAL, "流程无路可走", "no outgoing edge of a gateway holds")
    TERRITORY = _Row(7004, Sort.REFUSED, "非本地客户", "not a local customer")
    BUREAU_BAD = _Row(7005, Sort.REFUSED, "征信不符合准入", "the credit report does not pass")
    FRAUD = _Row(7006, Sort.REFUSED, "反欺诈未通过", "anti-fraud check failed")
    SCORE_LOW = _Row(7007, Sort.REFUSED, "评分不足", "the score is too low")
    NO_LIMIT = _Row(7008, Sort.REFUSED, "核定额度为零", "the computed limit is below the product's least amount")
    COOLING_OFF = _Row(7009, Sort.REFUSED, "拒绝后冷静期内", "in the cool-off days after a refusal")
    DEBT_RATIO = _Row(7010, Sort.REFUSED, "偿债比过高", "debt service is too high for the income")
    RULE_FAILED = _Row(7011, Sort.INTERNAL, "规则执行失败", "a decision model failed or gave a wrong result")
    # outside systems (8xxx)
    OUTSIDE_DOWN = _Row(8001, Sort.UNAVAILABLE, "外部系统不可用", "an outside system does not answer")
    OUTSIDE_REFUSED = _Row(8002, Sort.REFUSED, "外部系统拒绝", "an outside system refused")
    # books (9xxx)
    VOUCHER_REFUSED = _Row(9001, Sort.REFUSED, "核心拒绝传票", "the core refused a daily voucher")
    BOOKS_CLOSED_LATER = _Row(9002, Sort.CONFLICT, "该日期之后已关账", "the books of a later day are closed")
    BOOKS_NOT_CLOSED = _Row(9003, Sort.CONFLICT, "该日期尚未关账", "the books of this day are not closed")
    DIFFERENCE_STATUS = _Row(9004, Sort.CONFLICT, "差异状态不允许该操作", "not allowed in the difference's status")
    DIFFERENCE_UNOWNED = _Row(9005, Sort.CONFLICT, "差异无责任人", "the difference has no owner yet")
    # the day's end (95xx); a date that is closed or not open yet is 6012 and 6013
    EOD_RUNNING = _Row(9501, Sort.CONFLICT, "该法人日终正在进行", "a day's end of this bank is running")
    EOD_STUCK = _Row(9502, Sort.UNAVAILABLE, "日终无法继续，再次执行可接续", "the day's end cannot go on now; run again to continue")
    # fmt: on

    @property
    def word(self) -> str:
        return self.name.lower()

    @property
    def number(self) -> int:
        return self.value.number

    @property
    def sort(self) -> Sort:
        return self.value.sort

    @property
    def zh(self) -> str:
        return self.value.zh

    @property
    def en(self) -> str:
        return self.value.en


BY_WORD: dict[str, Code] = {c.word: c for c in Code}
