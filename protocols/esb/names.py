"""The header names that banks use, as a table: canonical name on the left, all that mean it on the right.

Case, underscores and a dot at the end do not matter (SVC_CD, SvcCd and svccd are one).
"""

from functools import lru_cache

HEADER_NAMES: dict[str, tuple[str, ...]] = {
    "SERVICE_CODE": ("SvcCd", "SvcCode", "SvcId", "SERVICE_ID"),
    "SERVICE_SCENE": ("SvcScn", "SvcScnCd", "ScnCd", "SCENE_CODE", "SERVICE_SCENE_CODE"),
    "CONSUMER_ID": (
        "CnsmrCd", "CnsmrId", "CnsmrSysId", "CnsmSysId", "CnsmrSysNo", "CONSUMER_SYS_ID", "CONSUMER_SYS_NO",
        "ChannelId", "REQUESTER_ID", "SYS_ID",
    ),
    "CONSUMER_SEQ_NO": (
        "CnsmrSeqNo", "CnsmSysSeqNo", "CnsmrSysSeqNo", "CnsmrSrlNo", "CnsmrSysSrlNo", "CONSUMER_SYS_SEQ_NO",
        "ExternalReference", "SERVICE_SN", "SYS_SEQ_NUM",
    ),
    "TRAN_DATE": ("CnsmrTranDt", "TranDt", "TxnDt", "TxnInttDt", "TradeDate", "TRANS_DATE"),
    "TRAN_TIMESTAMP": (
        "CnsmrTranTm", "TranTm", "TxnTm", "TxnInttTm", "TRAN_TIME", "TRANS_TIME", "RequestTime", "SERVICE_TIME",
    ),
    "GLOBAL_SEQ_NO": ("GlobalSeqNo", "GlobalSrlNo", "GlblSeqNo", "GLOB_SEQ_NUM", "BsnSeqNo", "BsnSrlNo"),
    "ORG_SYS_ID": (
        "OrigCnsmrCd", "OrigCnsmrId", "OrigCnsmrSysNo", "ORIG_SYS_ID", "ORIGIN_SYS_ID", "OriginalChannelId", "SrcSysId",
    ),
    "ORG_SEQ_NO": ("OrigCnsmrSeqNo", "OriginalReference", "SrcSysSeqNo"),
    "PROVIDER_ID": ("PrvdSysId", "SplrId", "TrgtSysNo"),
    "PROVIDER_SEQ_NO": ("PvdrSrlNo", "PrvdSysSeqNo", "SplrSeqNo", "BACK_SEQ_NUM"),
    "ESB_SEQ_NO": (),
    "LEGAL_ENTITY": (
        "LglCd", "LglPrsnCd", "LEGAL_CODE", "LEGAL_ENTITY_CODE", "LEGAL_PERSON_CODE", "CORP_CODE", "CORP_ID", "BnkCd",
        "RURAL_BRANCH_ID",
    ),
    "BRANCH_ID": ("BrchCd", "BrId", "OrgId", "InstNo", "RequestBranchCode"),
    "USER_ID": ("TlrNo", "TxnTlrId", "UsrNo", "TELLER_ID", "RequestOperatorId"),
    "PAGE_SIZE": ("PAGE_NUM", "PgRcrdNo", "CURRENT_NUM", "PAGE_ROWS"),
    "PAGE_CURSOR": ("PAGE_START", "PAGE_AFTER", "CUR_RECORD_NO"),
    "WAIT_MS": (),
    "REVERSAL_DATE": ("RvrslDt",),
    "REVERSAL_SEQ_NO": ("RvrslSeqNo",),
    "MAC_VALUE": ("MacVal", "MAC", "SIGN_MSG"),
    "RET_STATUS": ("RetSt", "TranRetSt", "TxnRetSt", "RETURN_STATUS"),
    "RET_CODE": ("RetCd", "RETURN_CODE"),
    "RET_MSG": ("RETURN_MSG", "RETURN_MESSAGE"),
}  # fmt: skip

_RETURN_LISTS = frozenset(
    ("RET", "RETLIST", "RETARRAY", "RETINF", "RETINFARRAY", "RETMSGARRAY", "RETMSGARRYLIST", "RETMSGARRY")
)


def _key(name: str) -> str:
    return name.rstrip(".").replace("_", "").upper()


_CANONICAL: dict[str, str] = {_key(name): canon for canon, others in HEADER_NAMES.items() for name in (canon, *others)}


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """The canonical name that a header field's name means; "" when it means none."""
    return _CANONICAL.get(_key(name), "")


@lru_cache(maxsize=1024)
def is_return_list(name: str) -> bool:
    return _key(name) in _RETURN_LISTS
