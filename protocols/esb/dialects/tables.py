"""The dialects whose fields are elements, as tables: what each calls its sections, headers and lists.

elements.py reads and writes by them. A bank that differs in names only is a row more here, no code.
"""

from typing import Literal

from msgspec import Struct

Lists = Literal["array", "typed", "item", "repeat", "lists"]
"""How a list X of items stands on the wire:

array: <array><X>..</X><X>..</X></array>   typed: <X type="array"><Struct>..</Struct></X>   item: <X><SDO>..</SDO></X>
repeat: <X>..</X><X>..</X>                 lists: <lists name="X"><list>..</list></lists>
"""


class Table(Struct, frozen=True, kw_only=True):
    """One dialect. ``sections``: canonical section -> element; ``inner``: elements in the body of a request, a reply.

    ``names``: canonical header name -> this dialect's.
    ``returns``: the return list's name, "" when RET_CODE and RET_MSG stand in the head itself. ``marks``: header
    fields that tell a request from a reply, with their value in each.
    """

    name: str
    root: str
    sections: dict[str, str]
    body: str
    inner: tuple[str, str] = ("", "")
    lists: Lists
    item: str = ""
    padded: bool = False
    names: dict[str, str] = {}
    returns: str = "RET"
    marks: dict[str, tuple[str, str]] = {}


_UPPER = {"SYS_HEAD": "SYS_HEAD", "APP_HEAD": "APP_HEAD", "LOCAL_HEAD": "LOCAL_HEAD"}
_ABBREVIATED = {
    "SERVICE_CODE": "SvcCd",
    "SERVICE_SCENE": "SvcScn",
    "CONSUMER_ID": "CnsmrSysId",
    "CONSUMER_SEQ_NO": "CnsmrSeqNo",
    "TRAN_DATE": "TxnDt",
    "TRAN_TIMESTAMP": "TxnTm",
    "GLOBAL_SEQ_NO": "GlblSeqNo",
    "ORG_SYS_ID": "OrigCnsmrId",
    "ORG_SEQ_NO": "OrigCnsmrSeqNo",
    "PROVIDER_SEQ_NO": "PrvdSysSeqNo",
    "LEGAL_ENTITY": "LglCd",
    "MAC_VALUE": "MacVal",
    "RET_STATUS": "TranRetSt",
    "RET_CODE": "RetCd",
    "RET_MSG": "RetMsg",
}

TABLES: tuple[Table, ...] = (
    Table(
        name="flat",
        root="service",
        sections=_UPPER,
        body="BODY",
        lists="array",
        names=_ABBREVIATED
        | {
            "SERVICE_SCENE": "SvcScnCd",
            "CONSUMER_ID": "CnsmrCd",
            "TRAN_DATE": "CnsmrTranDt",
            "TRAN_TIMESTAMP": "CnsmrTranTm",
            "ORG_SYS_ID": "OrigCnsmrCd",
        },
        returns="Ret",
    ),
    Table(name="flat_upper", root="SERVICE", sections=_UPPER, body="BODY", lists="array"),
    Table(
        name="sys_head",
        root="Service",
        sections={"SYS_HEAD": "SysHead", "APP_HEAD": "AppHead", "LOCAL_HEAD": "LocalHead"},
        body="Body",
        lists="typed",
        item="Struct",
        names=_ABBREVIATED,
        returns="RetInfArray",
    ),
    Table(name="sdoroot", root="SDOROOT", sections=_UPPER, body="BODY", lists="item", item="SDO", padded=True),
    Table(
        name="header_body",
        root="Service",
        sections={"SYS_HEAD": "Header"},
        body="Body",
        inner=("Request", "Response"),
        lists="repeat",
        names={
            "SERVICE_CODE": "ServiceCode",
            "SERVICE_SCENE": "ServiceScene",
            "CONSUMER_ID": "ChannelId",
            "CONSUMER_SEQ_NO": "ExternalReference",
            "TRAN_DATE": "TradeDate",
            "TRAN_TIMESTAMP": "RequestTime",
            "GLOBAL_SEQ_NO": "GlobalSeqNo",
            "ORG_SYS_ID": "OriginalChannelId",
            "ORG_SEQ_NO": "OriginalReference",
            "PROVIDER_SEQ_NO": "ProviderSeqNo",
            "LEGAL_ENTITY": "LegalEntity",
            "MAC_VALUE": "MacValue",
            "RET_STATUS": "ReturnStatus",
            "RET_CODE": "ReturnCode",
            "RET_MSG": "ReturnMsg",
        },
        returns="",
        marks={"RequestType": ("0", "1")},
    ),
    Table(name="packet", root="packet", sections={"SYS_HEAD": "head"}, body="body", lists="lists", item="list"),
)
