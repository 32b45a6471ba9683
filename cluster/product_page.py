"""docs/products.md, made from the terms' structs, their words and rules: ``python -m cluster.product_page FILE``.

A test fails when the page in the repository is not what this makes.
"""

import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from actors.bank import BankTerms, Bounds, Product
from cluster.bank_rules import BANK_RULES, BankRule
from cluster.product_rules import PRODUCT_RULES, ProductRule
from cluster.product_words import BANK, BOUNDS, PRODUCT, Word

_HEAD = """# 产品与法人参数 · Parameters of products and banks

由 `actors/bank.py` 与规则表生成，请勿手改：`python -m cluster.product_page docs/products.md`。
Made from `actors/bank.py` and the tables of rules; do not edit by hand.

每个参数先取省联社默认（`province.toml`），再由法人覆盖（`bank.toml`）。
每个版本自某一营业日期起生效，变更须经办与复核两人（`miaodai product`）。
借据按签订时的条款执行。规则在保存时检查，方括号内为规则名，不变。

Each parameter has the province's default (`province.toml`) and may be overridden by a bank (`bank.toml`); versions are
valid from a business date, and changing one takes two people (`miaodai product`). A loan keeps the terms it was signed
with. Rules are checked when terms are saved; their names, in brackets, are stable.
"""


def render() -> str:
    """The whole page."""
    sections: tuple[tuple[str, type[Struct], dict[str, Word], Iterable[ProductRule | BankRule]], ...] = (
        ("产品 · Product (`[products.CODE]`)", Product, PRODUCT, PRODUCT_RULES),
        ("法人 · Bank", BankTerms, BANK, BANK_RULES),
        ("监管范围 · Bounds (`[bounds]`)", Bounds, BOUNDS, ()),
    )
    lines = [_HEAD]
    for title, struct, words, rules in sections:
        lines.append(f"\n## {title}\n")
        lines.append("| 参数 field | 名称 | 单位 unit | 默认 default | 取值与规则 values and rules |")
        lines.append("| --- | --- | --- | --- | --- |")
        hints = get_type_hints(struct)
        for field in msgspec.structs.fields(struct):
            word = words[field.name]
            cells = (f"`{field.name}`", word.zh, word.unit, _default(field), _rule(field.name, hints, word, rules))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT:
        return "必填 required" if field.required else "空 empty"
    return f"`{shown(field.default)}`" if not isinstance(field.default, Struct) else ""


def shown(value: Any) -> str:
    """A value as TOML would state it, more or less: texts bare, an empty list or table as a dash."""
    match value:
        case bool():
            return "true" if value else "false"
        case None | "" | () | []:
            return "-"
        case dict() if not value:
            return "-"
        case tuple() | list():
            return ", ".join(f"({shown(v)})" if isinstance(v, tuple | list) else shown(v) for v in value)
        case dict():
            return ", ".join(f"{key}={shown(part)}" for key, part in value.items())
        case int():
            return f"{value:,}"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _rule(name: str, hints: dict[str, Any], word: Word, rules: Iterable[ProductRule | BankRule]) -> str:
    options = [option for option in get_args(hints[name]) if isinstance(option, str)]
    parts = [f"`{' / '.join(options)}`"] if options else []
    parts += [word.means] if word.means else []
    parts += [f"{rule.zh} {rule.en} [{rule.name}]" for rule in rules if rule.field == name]
    return "；".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
