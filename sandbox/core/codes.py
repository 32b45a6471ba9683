"""The core's own return codes, as its interface document would list them: RET_CODE and RET_MSG."""

from typing import Final

OK: Final = "000000"
NO_ACCOUNT: Final = "CB1001"
INSUFFICIENT: Final = "CB1002"
FROZEN: Final = "CB1003"
CLOSED: Final = "CB1004"
LOAN_EXISTS: Final = "CB1005"
NO_LOAN: Final = "CB1006"
BAD_AMOUNT: Final = "CB1007"
REVERSED_BEFORE: Final = "CB1008"
OTHER_CONTENT: Final = "CB1009"
NOT_SAME_DAY: Final = "CB1010"
OTHER_AMOUNT: Final = "CB1011"
OVER_OUTSTANDING: Final = "CB1012"
LATER_MOVEMENTS: Final = "CB1013"
NO_BANK: Final = "CB1014"
DATE_CLOSED: Final = "CB1015"
UNBALANCED: Final = "CB1016"
NO_GL_ACCOUNT: Final = "CB1017"
BAD_FIELD: Final = "CB2001"
UNKNOWN_SERVICE: Final = "CB2002"
BAD_MESSAGE: Final = "CB2003"
BUSY: Final = "CB9001"
PROCESSING: Final = "CB9002"

TECHNICAL: Final = frozenset({BUSY, PROCESSING})
"""Say nothing about the instruction: not stored under its number."""

MESSAGES: Final[dict[str, str]] = {
    OK: "交易成功",
    NO_ACCOUNT: "账户不存在",
    INSUFFICIENT: "账户余额不足",
    FROZEN: "账户已冻结",
    CLOSED: "账户已销户",
    LOAN_EXISTS: "贷款账户已存在",
    NO_LOAN: "贷款账户不存在",
    BAD_AMOUNT: "金额不正确",
    REVERSED_BEFORE: "原交易已先行冲正",
    OTHER_CONTENT: "流水号重复且内容不一致",
    NOT_SAME_DAY: "非当日交易不能冲正",
    OTHER_AMOUNT: "冲正金额与原交易不符",
    OVER_OUTSTANDING: "还本金额超过贷款余额",
    LATER_MOVEMENTS: "贷款已有后续交易",
    NO_BANK: "法人不存在",
    DATE_CLOSED: "账务日期不可记账",
    UNBALANCED: "凭证借贷不平",
    NO_GL_ACCOUNT: "科目不存在",
    BAD_FIELD: "字段缺失或格式错误",
    UNKNOWN_SERVICE: "服务不存在",
    BAD_MESSAGE: "报文格式错误",
    BUSY: "系统繁忙",
    PROCESSING: "交易处理中",
}
