"""`miaodai schedule`: the trial calculation for anybody: terms from options or a file, a table or JSON rows."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.failures import Failure

if TYPE_CHECKING:
    from cluster.trial import Found

METHODS = (
    "equal_instalment 等额本息, equal_principal 等额本金, interest_only 先息后本, bullet 利随本清, "
    "pay_anytime 随借随还, flat 等本等息"
)


def schedule(
    amount: Annotated[str, typer.Option(help="金额（元） amount in yuan")] = "",
    rate: Annotated[str, typer.Option(help="年利率，如 0.06 yearly rate")] = "",
    periods: Annotated[int, typer.Option(help="期数 periods")] = 12,
    method: Annotated[str, typer.Option(help=METHODS)] = "equal_instalment",
    start: Annotated[str, typer.Option(help="起息日 start, YYYY-MM-DD")] = "",
    due_day: Annotated[int, typer.Option(help="还款日，0为放款日 due day, 0: that of the start")] = 0,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="其他条款 any other term, e.g. day_count=actual/365")
    ] = None,
    fees: Annotated[str, typer.Option(help="放款时扣收的费用（元） fees kept back at pay-out")] = "0",
    file: Annotated[Path | None, typer.Option("--file", "-f", help="条款及事件文件 terms and events, JSON")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出JSON print JSON")] = False,
) -> None:
    """还款试算：任意条款的还款计划、年化成本，含提前、逾期还款的重算 · the schedule that any terms give, what it costs,
    and how payments early or late change it."""
    from cluster.trial import try_terms

    if file is not None:
        told = _read(file)
    else:
        if not (amount and rate and start):
            raise Failure("须给出 --amount --rate --start，或 --file · give --amount, --rate and --start, or --file")
        plan: dict[str, Any] = {"method": method, "periods": periods, "due_day": due_day}
        for one in option or ():
            name, given, value = one.partition("=")
            if not given:
                raise Failure(f"--option 须为 名称=值 name=value: {one}")
            plan[name] = value
        told = {"amount": amount, "annual_rate": rate, "start": start, "plan": plan, "fees": fees}
    found = try_terms(told)
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False))
    else:
        _show(found)


def _read(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Failure(f"{file}: 不是JSON not JSON: {error}") from None
    if not isinstance(told, dict):
        raise Failure(f"{file}: 应为JSON对象 must be a JSON object")
    return told


def _plain(found: "Found") -> dict[str, Any]:
    """Sums in fen."""
    return {
        "instalment_fen": found.instalment_fen,
        "interest_fen": found.interest_fen,
        "irr_annual": str(found.irr_annual),
        "effective_annual": str(found.effective) if found.effective is not None else None,
        "rows": [
            line._asdict() | {"due": str(line.due), "met_on": str(line.met_on) if line.met_on else None}
            for line in found.lines
        ],
        "payments": [
            {
                "date": str(payment.date),
                "amount_fen": payment.amount,
                "principal_fen": payment.principal,
                "interest_fen": payment.interest,
                "surplus_fen": payment.surplus,
            }
            for payment in found.payments
        ],
    }


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def _show(found: "Found") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console()
    followed = any(line.paid_fen for line in found.lines)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if not followed else 0))
    for name in ("期\nno", "到期日\ndue"):
        table.add_column(name, no_wrap=True)
    for name in ("本金\nprincipal", "利息\ninterest", "应还\npayment", "剩余本金\nbalance"):
        table.add_column(name, justify="right", no_wrap=True)
    if followed:
        table.add_column("已还\npaid", justify="right", no_wrap=True)
        table.add_column("结清日\nmet on", no_wrap=True)
    for line in found.lines:
        sums = (line.principal_fen, line.interest_fen, line.principal_fen + line.interest_fen, line.balance_fen_after)
        paid = [_yuan(line.paid_fen), str(line.met_on or "")] if followed else []
        table.add_row(str(line.no), str(line.due), *map(_yuan, sums), *paid)
    console.print(table)
    if found.instalment_fen:
        console.print(f"每期 instalment {_yuan(found.instalment_fen)}")
    console.print(f"利息合计 interest {_yuan(found.interest_fen)}")
    console.print(f"综合年化成本 yearly cost (IRR) {found.irr_annual * 100:.4f}%")
    if found.effective is not None:
        console.print(f"名义利率折合年化 effective of the nominal rate {found.effective * 100:.4f}%")
    for payment in found.payments:
        surplus = f", 溢缴 surplus {_yuan(payment.surplus)}" if payment.surplus else ""
        split = f"本金 principal {_yuan(payment.principal)}, 利息 interest {_yuan(payment.interest)}{surplus}"
        console.print(f"{payment.date} 还款 paid {_yuan(payment.amount)}: {split}")
