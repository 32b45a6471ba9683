"""Banks from files: province default and each bank's override become one checked `BankTerms` a bank.

A folder holds ``province.toml``, ``lpr.csv``, ``flows/*.bpmn``, ``decisions/*.json``, and for each bank a folder named
by its code with ``bank.toml`` and, where it differs, flows and decisions of its own. Tables merge, lists and texts
replace. Every error names the file and the field. Next: table ``bank``, by ``miaodai bank load``.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from actors.bank import BankTerms, Flow, Product
from cluster.bank_checks import BadBankConfig, check_terms
from cluster.holidays import non_working
from cluster.lpr import read_lpr
from protocols.bpmn import compile_flow
from protocols.bpmn_checks import BadDiagram
from runtime.rules import BadExpression, check_model

DEFAULT_FOLDER = Path(__file__).parent / "banks"
NOT_STATED = {"code", "version", "lpr", "flows", "decisions", "holidays"}
"""Fields of `BankTerms` that no TOML file states: they have files of their own or follow from other fields."""
Table = dict[str, Any]
T = TypeVar("T")


def load_banks(folder: Path = DEFAULT_FOLDER) -> list[BankTerms]:
    """All banks of a folder, by code. Raises `BadBankConfig`."""
    province_file = folder / "province.toml"
    province = _read_toml(province_file)
    shared: Table = {
        "lpr": read_lpr(folder / "lpr.csv"),
        "flows": _read_flows(folder / "flows"),
        "decisions": _read_decisions(folder / "decisions"),
    }
    banks = [_bank(file, province, province_file, shared) for file in sorted(folder.glob("*/bank.toml"))]
    if not banks:
        raise BadBankConfig(folder, "", "没有法人 holds no bank (a folder with bank.toml)")
    return banks


def overlaid(terms: BankTerms, file: Path) -> BankTerms:
    """``terms`` with what a file of the form of bank.toml states instead: a proposal's content, not checked yet.

    Raises `BadBankConfig` for what is no field, has the wrong type, or cannot be stated so.
    """
    own = _read_toml(file)
    if "offers" in own:
        raise BadBankConfig(file, "offers", "停售请用on_sale = false to stop selling a product say on_sale = false")
    stated: Table = {k: v for k, v in msgspec.to_builtins(terms).items() if k not in NOT_STATED}
    merged = _merge(stated, own)
    merged["products"] = {code: {"code": code, **table} for code, table in merged["products"].items()}
    typed = _typed(merged, own, file, file)
    return msgspec.structs.replace(
        typed, code=terms.code, version=terms.version, lpr=terms.lpr, flows=terms.flows, decisions=terms.decisions
    )


def _bank(file: Path, province: Table, province_file: Path, shared: Table) -> BankTerms:
    own = _read_toml(file)
    merged = _merge(province, own)
    offers = merged.pop("offers", list(merged.get("products", {})))
    products = merged.get("products", {})
    for code in offers:
        if code not in products:
            raise BadBankConfig(file, "offers", f"产品{code!r}未定义 no such product is defined")
    merged["products"] = {c: {"code": c, **products[c]} for c in offers}
    terms = msgspec.structs.replace(
        _typed(merged, own, file, province_file),
        code=file.parent.name,
        lpr=shared["lpr"],
        flows=_current(shared["flows"] | _read_flows(file.parent / "flows")),
        decisions=shared["decisions"] | _read_decisions(file.parent / "decisions"),
    )
    check_terms(terms, file)
    return terms


def _typed(merged: Table, own: Table, file: Path, province_file: Path) -> BankTerms:
    """Of the fields that TOML may state, with ``holidays`` made of the calendar."""
    for field in merged:
        if field not in BankTerms.__struct_fields__ or field in NOT_STATED:
            raise BadBankConfig(file if field in own else province_file, field, "不是法人的参数 is no field of a bank")
    merged = {"code": "", **merged}
    for field, type_ in (("products", Product), ("parameters", int), ("accounts", str), ("sms_templates", str)):
        merged[field] = {
            key: _convert(value, type_, f"{field}.{key}", own, file, province_file)
            for key, value in merged.get(field, {}).items()
        }
    terms = _convert(merged, BankTerms, "", own, file, province_file)
    return msgspec.structs.replace(terms, holidays=non_working(terms.calendar_years, terms.calendar))


def _merge(base: Table, over: Table) -> Table:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _convert(value: Any, type_: type[T], at: str, own: Table, file: Path, province_file: Path) -> T:
    """``value`` as ``type_``, or `BadBankConfig` with the file that states the field: the bank's own when it does."""
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        field = (at + path.rstrip("`")).lstrip(".")
    if text.startswith("Object contains unknown field"):
        field = f"{field}.{text.split('`')[1]}".lstrip(".")
    here: Any = own
    for part in field.split("."):
        name = part.split("[")[0]
        if not isinstance(here, dict) or name not in here:
            raise BadBankConfig(file if "missing required" in text else province_file, field, text)
        here = here[name]
    raise BadBankConfig(file, field, text)


def _read_toml(file: Path) -> Table:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadBankConfig(file, "", "文件不存在 is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadBankConfig(file, "", f"不是TOML is not TOML: {error}") from None
    for path in _floats(table, ""):
        raise BadBankConfig(file, path, "小数须加引号，写成文本 a decimal is stated as text, in quotes")
    return table


def _floats(value: Any, path: str) -> Iterator[str]:
    """Where a table states a binary float: no rate or share may pass through one."""
    if isinstance(value, float):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _floats(part, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for n, part in enumerate(value):
            yield from _floats(part, f"{path}[{n}]")


def _read_flows(folder: Path) -> dict[str, Flow]:
    """By ``key@version``."""
    flows: dict[str, Flow] = {}
    for file in sorted(folder.glob("*.bpmn")):
        try:
            flow = compile_flow(file.read_bytes())
        except BadDiagram as error:
            raise BadBankConfig(file, "", str(error)) from None
        name = f"{flow.key}@{flow.version}"
        if name in flows:
            raise BadBankConfig(file, name, "重复 is there twice")
        flows[name] = flow
    return flows


def _current(flows: dict[str, Flow]) -> dict[str, Flow]:
    """All versions, and each key's highest under the bare key: what new processes start with."""
    newest: dict[str, Flow] = {}
    for flow in sorted(flows.values(), key=lambda f: f.version):
        newest[flow.key] = flow
    return flows | newest


def _read_decisions(folder: Path) -> dict[str, Table]:
    models: dict[str, Table] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            model = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
            check_model(model)
        except (msgspec.MsgspecError, BadExpression) as error:
            raise BadBankConfig(file, "", str(error)) from None
        models[file.stem] = model
    return models
