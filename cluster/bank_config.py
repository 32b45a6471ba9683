"""Banks from files: province default and each bank's override become one checked `BankTerms` a bank.

A folder holds ``province.toml``, ``lpr.csv``, ``flows/*.bpmn``, ``decisions/*.json``, and for each bank a folder named
by its code with ``bank.toml`` and, where it differs, flows and decisions of its own. Tables merge, lists and texts
replace. Every error names the file and the field. Next: table ``bank``, by ``miaodai bank load``.
"""

import csv
import tomllib
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from actors.bank import BankTerms, Flow, Product
from cluster.bank_checks import BadBankConfig, check_terms
from protocols.bpmn import compile_flow
from protocols.bpmn_checks import BadDiagram
from runtime.rules import BadExpression, check_model

DEFAULT_FOLDER = Path(__file__).parent / "banks"
Table = dict[str, Any]
T = TypeVar("T")


def load_banks(folder: Path = DEFAULT_FOLDER) -> list[BankTerms]:
    """All banks of a folder, by code. Raises `BadBankConfig`."""
    province_file = folder / "province.toml"
    province = _read_toml(province_file)
    shared: Table = {
        "lpr": _read_lpr(folder / "lpr.csv"),
        "flows": _read_flows(folder / "flows"),
        "decisions": _read_decisions(folder / "decisions"),
    }
    banks = [_bank(file, province, province_file, shared) for file in sorted(folder.glob("*/bank.toml"))]
    if not banks:
        raise BadBankConfig(folder, "", "holds no bank (a folder with bank.toml)")
    return banks


def _bank(file: Path, province: Table, province_file: Path, shared: Table) -> BankTerms:
    own = _read_toml(file)
    merged = _merge(province, own)
    offers = merged.pop("offers", list(merged.get("products", {})))
    products = merged.get("products", {})
    for code in offers:
        if code not in products:
            raise BadBankConfig(file, "offers", f"no product {code!r} is defined")
    merged["products"] = {c: {"code": c, **products[c]} for c in offers}
    merged["code"] = file.parent.name
    decisions = shared["decisions"] | _read_decisions(file.parent / "decisions")
    for field in merged:
        if field not in BankTerms.__struct_fields__ or field in shared:
            raise BadBankConfig(file if field in own else province_file, field, "is no field of a bank")
    for field, type_ in (("products", Product), ("parameters", int), ("accounts", str), ("sms_templates", str)):
        merged[field] = {
            key: _convert(value, type_, f"{field}.{key}", own, file, province_file)
            for key, value in merged.get(field, {}).items()
        }
    terms = msgspec.structs.replace(
        _convert(merged, BankTerms, "", own, file, province_file),
        lpr=shared["lpr"],
        flows=_current(shared["flows"] | _read_flows(file.parent / "flows")),
        decisions=decisions,
    )
    check_terms(terms, file)
    return terms


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
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadBankConfig(file, "", "is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadBankConfig(file, "", f"is not TOML: {error}") from None


def _read_lpr(file: Path) -> tuple[tuple[date, str, Decimal], ...]:
    """date, tenor, rate; each rate a whole number of basis points, so that a contract rate is one too."""
    rows: list[tuple[date, str, Decimal]] = []
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), 2):
                where = f"line {number}"
                try:
                    found = (date.fromisoformat(row["date"]), row["tenor"], Decimal(row["rate"]))
                except (KeyError, TypeError, ValueError, InvalidOperation):
                    raise BadBankConfig(file, where, "is not date,tenor,rate") from None
                if not 0 < found[2] < 1 or found[2] * 10_000 % 1:
                    raise BadBankConfig(file, where, f"rate {found[2]} is not a share in whole basis points")
                rows.append(found)
    except FileNotFoundError:
        raise BadBankConfig(file, "", "is missing") from None
    return tuple(sorted(rows))


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
            raise BadBankConfig(file, name, "is there twice")
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
