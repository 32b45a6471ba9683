"""Terms, differences and proposals as tables for people, for ``miaodai product``, ``lpr`` and ``bank``."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from actors.bank import BankTerms
from cluster import holidays
from cluster.product_page import shown
from cluster.product_words import word_of
from cluster.proposals import differences_of
from cluster.terms_change import Difference
from storage.proposals import ProposalRow

STATUS_ZH = {"pending": "待复核", "approved": "已通过", "rejected": "已驳回", "withdrawn": "已撤回"}
VALUE_MAX = 80


def value_of(path: str, value: Any) -> str:
    """A field's value as a person reads it, shortened where it is a whole model or calendar."""
    if path.startswith(("flows.", "decisions.")) and value is not None:
        return "…"
    text = shown(value)
    if path == "holidays" and value:
        return f"{len(value)} 天 days"
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}…"


def difference_table(found: Iterable[Difference]) -> Table:
    table = Table("参数 field", "名称", "原值 old", "新值 new")
    for path, old, new in found:
        word = word_of(path)
        table.add_row(path, word.zh, value_of(path, old), f"{value_of(path, new)} {word.unit}".strip())
    return table


def show_proposal(row: ProposalRow, console: Console) -> None:
    """Its differences, and who did what when."""
    console.print(difference_table(differences_of(row)))
    console.print(
        f"变更申请 proposal {row.id}：{row.bank}，自 valid from {row.valid_from}，基于版本 based on version"
        f" {row.base_version}，{STATUS_ZH[row.status]} {row.status}",
        highlight=False,
    )
    if row.supersedes:
        console.print("取代更晚生效版本对同一项的改动 sets aside what later versions change of the same")
    console.print(f"经办 maker {row.maker} {_at(row.made_at)} {row.note}".rstrip(), highlight=False)
    if row.decided_at is not None:
        who = f"复核 checker {row.checker}" if row.checker else f"撤回 withdrawn by {row.maker}"
        made = f"，版本 version {row.version}" if row.version else ""
        console.print(f"{who} {_at(row.decided_at)}{made} {row.reason}".rstrip(), highlight=False)


def proposal_table(rows: Iterable[ProposalRow]) -> Table:
    table = Table(
        "申请 proposal",
        "生效日 valid from",
        "状态 status",
        "经办 maker",
        "复核 checker",
        "版本 version",
        "改动 changes",
    )
    for row in rows:
        changes = ", ".join(d.path for d in differences_of(row))
        table.add_row(
            str(row.id),
            str(row.valid_from),
            f"{STATUS_ZH[row.status]} {row.status}",
            f"{row.maker} {_at(row.made_at)}",
            f"{row.checker} {_at(row.decided_at)}".strip(),
            str(row.version or ""),
            changes if len(changes) <= VALUE_MAX else f"{changes[:VALUE_MAX]}…",
        )
    return table


def parameter_table(terms: BankTerms, product: str) -> Table:
    """Every parameter of a product, or with "" of the bank."""
    table = Table("参数 field", "名称", "值 value", "单位 unit")
    plain = msgspec.to_builtins(terms)
    prefix = f"products.{product}." if product else ""
    values = plain["products"][product] if product else {k: v for k, v in plain.items() if k not in _APART}
    for field, value in values.items():
        nested = value.items() if field == "bounds" and not product else ()
        if not nested:
            word = word_of(prefix + field)
            table.add_row(field, word.zh, value_of(field, value), word.unit)
        for name, part in nested:
            word = word_of(f"{field}.{name}")
            table.add_row(f"{field}.{name}", word.zh, value_of(name, part), word.unit)
    return table


def show_warnings(terms: BankTerms, console: Console) -> None:
    for text in holidays.warnings(terms):
        console.print(f"注意 note ({terms.code}): {text}", highlight=False, soft_wrap=True)


_APART = {"products", "lpr", "flows", "decisions", "chart", "version"}


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment is not None else ""
