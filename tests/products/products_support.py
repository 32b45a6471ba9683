"""Terms to change in tests, and proposals as TOML."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from actors.bank import BankTerms
from cluster.bank_config import load_banks

BANKS = {terms.code: terms for terms in load_banks()}
BANK = "qingshan"
PRODUCT = "standard"
TODAY = date(2026, 3, 2)
replace = msgspec.structs.replace


def with_product(terms: BankTerms, product: str = PRODUCT, /, **changes: Any) -> BankTerms:
    """``terms`` with other values in one product."""
    return replace(terms, products=terms.products | {product: replace(terms.products[product], **changes)})


def toml(folder: Path) -> Callable[[str], Path]:
    """Writes a proposal's file."""

    def write(text: str) -> Path:
        file = folder / "proposal.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write
