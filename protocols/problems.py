"""Refusals and errors as the fronts show them: RFC 9457 problem documents for REST, "MD" and four digits for the ESB.

The one place where a code of actors/codes.py becomes an HTTP status or an ESB return code.
"""

from typing import Any

import msgspec

from actors.codes import BY_WORD, Code, Sort

STATUS: dict[Sort, int] = {
    Sort.MALFORMED: 400,
    Sort.UNAUTHENTICATED: 401,
    Sort.FORBIDDEN: 403,
    Sort.NOT_FOUND: 404,
    Sort.CONFLICT: 409,
    Sort.REFUSED: 422,
    Sort.TOO_LARGE: 413,
    Sort.BUSY: 429,
    Sort.UNAVAILABLE: 503,
    Sort.UNKNOWN: 504,
    Sort.INTERNAL: 500,
}
_STATUS_OF_CODE = {Code.METHOD_NOT_ALLOWED: 405}

WHAT_TO_DO: dict[Sort, tuple[str, str]] = {
    Sort.MALFORMED: ("改正报文后，以新流水号发送", "correct the message and send it under a new id"),
    Sort.UNAUTHENTICATED: ("检查渠道凭证、签名和时间", "check credential, signature and clock"),
    Sort.FORBIDDEN: ("向省联社申请渠道权限", "ask for the channel's permission"),
    Sort.NOT_FOUND: ("核对编号、法人和地址", "check the id, the bank and the path"),
    Sort.CONFLICT: ("查询当前状态后再决定", "query the present status, then decide"),
    Sort.REFUSED: (
        "业务规则不允许，按原因处理；重发原流水号结果不变",
        "the rules say no; the same id gets the same answer",
    ),
    Sort.TOO_LARGE: ("缩小报文", "send less"),
    Sort.BUSY: ("等候 Retry-After 后以原流水号重发", "wait for Retry-After, then the same id again"),
    Sort.UNAVAILABLE: ("等候 Retry-After 后以原流水号重发", "wait for Retry-After, then the same id again"),
    Sort.UNKNOWN: (
        "以原流水号重发，切勿换号",
        "repeat with the same id to learn the outcome, never a new one",
    ),
    Sort.INTERNAL: ("联系运维，提供流水号", "tell the operators the id"),
}

RETRY_AFTER_S: dict[Sort, int] = {Sort.BUSY: 1, Sort.UNAVAILABLE: 1, Sort.UNKNOWN: 2}
TYPE_BASE = "urn:miaodai:problem:"
_encode = msgspec.json.Encoder().encode


def code_of(word: str) -> Code:
    """The code of a word; words that an outside system made up count as its refusal."""
    return BY_WORD.get(word, Code.OUTSIDE_REFUSED)


def http_status(code: Code) -> int:
    return _STATUS_OF_CODE.get(code) or STATUS[code.sort]


def esb_code(code: Code) -> str:
    """RET_CODE, for example MD4013."""
    return f"MD{code.number:04d}"


def detail_text(code: Code, facts: dict[str, Any]) -> str:
    """One sentence: what is wrong, and where when a field is to blame."""
    field = facts.get("field")
    reason = facts.get("reason")
    text = f"{code.zh}：{field}" if field else code.zh
    return f"{text}（{reason}）" if reason and isinstance(reason, str) else text


def problem(word: str, facts: dict[str, Any] | None = None) -> dict[str, Any]:
    """The problem document. ``facts`` is machine data: field path, sums; ``outside_code`` keeps a foreign word."""
    code = code_of(word)
    facts = dict(facts or {})
    if code.word != word:
        facts["outside_code"] = word
    zh, en = WHAT_TO_DO[code.sort]
    document: dict[str, Any] = {
        "type": TYPE_BASE + code.word,
        "title": code.en,
        "title_zh": code.zh,
        "status": http_status(code),
        "detail": detail_text(code, facts),
        "code": code.word,
        "number": code.number,
        "what_to_do": en,
        "what_to_do_zh": zh,
    }
    if facts:
        document["facts"] = facts
    if (seconds := RETRY_AFTER_S.get(code.sort)) is not None:
        document["retry_after_s"] = seconds
        document["retry_same_id"] = True
    return document


def problem_bytes(word: str, facts: dict[str, Any] | None = None) -> bytes:
    return _encode(problem(word, facts))
