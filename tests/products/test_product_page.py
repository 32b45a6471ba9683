"""docs/products.md is what the structs, words and rules make; every parameter has a name in both languages."""

from pathlib import Path

import msgspec

from actors.bank import BankTerms, Bounds, Product
from cluster.bank_rules import BANK_RULES
from cluster.product_page import render
from cluster.product_rules import PRODUCT_RULES
from cluster.product_words import BANK, BOUNDS, PRODUCT, word_of

PAGE = Path(__file__).parents[2] / "docs" / "products.md"


def test_every_parameter_has_a_line() -> None:
    for struct, words in ((Product, PRODUCT), (BankTerms, BANK), (Bounds, BOUNDS)):
        fields = {field.name for field in msgspec.structs.fields(struct)}
        assert fields == words.keys(), f"add the new field to cluster/product_words.py: {fields ^ words.keys()}"
        assert all(word.zh for word in words.values())


def test_every_rule_names_a_field() -> None:
    assert {rule.field for rule in PRODUCT_RULES} <= PRODUCT.keys()
    assert {rule.field for rule in BANK_RULES} <= BANK.keys()


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "python -m cluster.product_page docs/products.md"


def test_a_path_finds_its_word() -> None:
    assert word_of("products.miaodai.grace_days").zh == "宽限期"
    assert word_of("bounds.age_least").zh == "年龄下限"
    assert word_of("parameters.score_min").zh == "模型参数"
