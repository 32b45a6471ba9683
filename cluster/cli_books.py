"""`miaodai books ...`: close a day, send its vouchers, agree with the core; sheets and ledgers as tables and files."""

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from actors.external.parts import yuan
from actors.external.policy import Unanswered
from cluster.cli_bank import Config, DatabaseUrl, database_url, parsed_date
from cluster.failures import Failure
from cluster.running import find_running
from cluster.settings_load import load as load_settings

if TYPE_CHECKING:
    from cluster.books.compare import CompareReport
    from protocols.outside.connect import Where
    from storage.vouchers import DifferenceRow

books = typer.Typer(help="账务 · the books: day's totals, ledgers, vouchers to the core.", no_args_is_help=True)
Bank = Annotated[str, typer.Argument(help="法人代码 bank code")]
Day = Annotated[str, typer.Argument(help="营业日期 business date, YYYY-MM-DD")]
CoreAt = Annotated[str, typer.Option("--core", help="核心的ESB地址 the core's ESB, host:port；默认取自设置")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="写成CSV文件 write a CSV file")]
Bom = Annotated[bool, typer.Option("--bom", help="文件以UTF-8 BOM开头 begin the file with a UTF-8 BOM")]
Maker = Annotated[str, typer.Option(help="经办 maker, staff id")]
Checker = Annotated[str, typer.Option(help="复核 checker, staff id, another person")]
Reason = Annotated[str, typer.Option(help="原因 reason")]


@books.command()
def close(bank: Bank, day: Day, url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """关账：日总额、试算平衡、总分核对、传票 · close a day's books; again for the last closed day does the same."""
    from cluster.books.close import close_books

    report = asyncio.run(close_books(database_url(settings_file, url), bank, parsed_date(day)))
    typer.echo(f"{bank} {day} 已关账 closed: {report.lines} 笔 lines, {report.accounts} 个科目 accounts")
    typer.echo(f"借 debit {yuan(report.debit_fen)} 贷 credit {yuan(report.credit_fen)}")
    typer.echo(f"试算 trial balance {_good(report.trial_fen == 0 == report.memo_fen)}")
    for one in report.agreements:
        text = f"总账 ledger {yuan(one.ledger_fen)} 借据 loans {yuan(one.loans_fen)}"
        typer.echo(f"总分核对 {one.account} {_good(one.agrees)} {text}")
    for line in report.late:
        typer.echo(f"关账后入账 posted after the close: {line}")
    for number in report.vouchers:
        typer.echo(f"传票 voucher {number}")
    if report.splits:
        typer.echo(f"核心拆分不同的扣款 debits that the core split otherwise: {report.splits}")
    raise typer.Exit(0 if report.ok else 1)


@books.command()
def send(bank: Bank, day: Day, url: DatabaseUrl = "", core: CoreAt = "", settings_file: Config = None) -> None:
    """把未有结果的日终传票送核心，号码不变 · send vouchers without an outcome, under their own numbers."""
    from cluster.books.send import SentReport, send_vouchers
    from protocols.outside.core import BooksCore

    async def run() -> SentReport:
        desk = BooksCore(core_end(settings_file, core))
        try:
            return await send_vouchers(database_url(settings_file, url), desk, bank, parsed_date(day))
        finally:
            await desk.close()

    report = asyncio.run(run())
    for word, numbers in (
        ("已入账 booked", report.booked),
        ("被拒绝 refused", report.refused),
        ("结果未知 unknown", report.unknown),
    ):
        for number in numbers:
            typer.echo(f"{word} {number}")
    raise typer.Exit(0 if report.ok else 1)


@books.command()
def compare(
    bank: Bank,
    day: Day,
    file: Annotated[Path | None, typer.Option(help="核心的总账文件 the core's ledger file；默认向核心查询")] = None,
    url: DatabaseUrl = "",
    core: CoreAt = "",
    settings_file: Config = None,
) -> None:
    """与核心总账核对，一致或差异皆有责任人则最终关账 · agree with the core's ledger, by query or by its file."""
    from cluster.books.compare import compare_books, read_ledger_file
    from protocols.outside.core import BooksCore

    async def run() -> "CompareReport":
        on = parsed_date(day)
        if file is not None:
            return await compare_books(database_url(settings_file, url), bank, on, read_ledger_file(file))
        desk = BooksCore(core_end(settings_file, core))
        try:
            rows = await desk.ledger(bank, on)
        except Unanswered as doubt:
            raise Failure(f"核心没有应答 no answer from the core: {doubt}") from None
        finally:
            await desk.close()
        theirs = [(row.account, row.closing_fen) for row in rows]
        return await compare_books(database_url(settings_file, url), bank, on, theirs)

    report = asyncio.run(run())
    typer.echo(f"{bank} {day}: {report.accounts} 个科目 accounts, {report.agreed} 一致 agree")
    for number in report.unbooked:
        typer.echo(f"未入账传票 voucher not booked {number}")
    if report.standing:
        _show(report.standing)
    typer.echo("最终关账 finally closed" if report.final else "未最终关账 not finally closed")
    raise typer.Exit(0 if report.final else 1)


@books.command()
def sheet(
    bank: Bank, day: Day, out: Out = None, bom: Bom = False, url: DatabaseUrl = "", settings_file: Config = None
) -> None:
    """日计表 · the daily sheet."""
    from cluster.books.files import daily_sheet_csv
    from cluster.books.sheets import daily_sheet

    found = asyncio.run(daily_sheet(database_url(settings_file, url), bank, parsed_date(day)))
    _give(daily_sheet_csv(found), out, bom)
    raise typer.Exit(0 if found.balanced else 1)


@books.command()
def ledger(
    bank: Bank,
    since: Annotated[str, typer.Option("--from", help="起 first day")],
    to: Annotated[str, typer.Option("--to", help="止 last day")],
    out: Out = None,
    bom: Bom = False,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """总账 · the general ledger, by account and day."""
    from cluster.books.files import general_ledger_csv
    from cluster.books.sheets import general_ledger

    at = database_url(settings_file, url)
    rows = asyncio.run(general_ledger(at, bank, parsed_date(since), parsed_date(to)))
    _give(general_ledger_csv(asyncio.run(_chart(at, bank)), rows), out, bom)


@books.command()
def loan(
    bank: Bank,
    loan_id: Annotated[str, typer.Argument(help="借据编号 loan id")],
    account: Annotated[str, typer.Option(help="只看一个科目 only this account")] = "",
    since: Annotated[str, typer.Option("--from", help="起 first day")] = "",
    to: Annotated[str, typer.Option("--to", help="止 last day")] = "",
    out: Out = None,
    bom: Bom = False,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """分户账 · a loan's subsidiary ledger, with the core's date and serial of each line."""
    from cluster.books.files import subsidiary_ledger_csv
    from cluster.books.sheets import subsidiary_ledger

    at = database_url(settings_file, url)
    first = parsed_date(since) if since else date.min
    last = parsed_date(to) if to else date.max
    lines = asyncio.run(subsidiary_ledger(at, bank, loan_id, first, last, account))
    _give(subsidiary_ledger_csv(asyncio.run(_chart(at, bank)), loan_id, lines), out, bom)


@books.command()
def check(bank: Bank, url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """此刻的试算平衡与总分核对，逐户重算 · trial balance and agreement with the loans at this instant."""
    from cluster.books.check import check_books

    report = asyncio.run(check_books(database_url(settings_file, url), bank))
    typer.echo(f"{report.loans} 笔借据 loans, {report.lines} 笔分录 postings")
    typer.echo(f"试算 trial balance {_good(report.trial_fen == 0)} 表外 memo {_good(report.memo_fen == 0)}")
    for one in report.agreements:
        text = f"总账 ledger {yuan(one.ledger_fen)} 借据 loans {yuan(one.loans_fen)}"
        typer.echo(f"{one.account} {_good(one.agrees)} {text}")
    for line in report.days:
        typer.echo(f"已关账日不符 closed day differs: {line}")
    raise typer.Exit(0 if report.ok else 1)


@books.command()
def vouchers(bank: Bank, day: Day, url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """某日的日终传票 · the vouchers of a day."""
    table = Table(
        "传票 number",
        "金额 amount",
        "状态 status",
        "次数 tries",
        "核心日期 core date",
        "核心流水 core serial",
        "代码 code",
    )
    for row in asyncio.run(_vouchers(database_url(settings_file, url), bank, parsed_date(day))):
        table.add_row(
            row.number,
            yuan(row.amount_fen),
            row.status,
            str(row.attempts),
            str(row.core_date or ""),
            row.core_serial,
            row.code + (f" ({row.outside_code})" if row.outside_code else ""),
        )
    Console(width=200).print(table)


@books.command()
def differences(
    bank: Bank,
    day: Annotated[str, typer.Option(help="只看某日的 only of this day")] = "",
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """与核心及自身的差异 · differences, from the core's ledger and of our own books."""
    from cluster.books.differences import differences as listed

    on = parsed_date(day) if day else None
    _show(asyncio.run(listed(database_url(settings_file, url), bank, on)))


@books.command()
def assign(
    bank: Bank,
    number: Annotated[int, typer.Argument(help="差异编号 number of the difference")],
    owner: Annotated[str, typer.Argument(help="责任人 owner, staff id")],
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """给差异指定责任人 · give a difference an owner."""
    from cluster.books.differences import assign as give

    _show([asyncio.run(give(database_url(settings_file, url), bank, number, owner))])


@books.command()
def settle(
    bank: Bank,
    number: Annotated[int, typer.Argument(help="差异编号 number of the difference")],
    maker: Maker,
    checker: Checker,
    reason: Reason,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """两人认可一笔差异 · two persons accept a difference for good."""
    from cluster.books.differences import settle as accept

    at = database_url(settings_file, url)
    _show([asyncio.run(accept(at, bank, number, maker, checker, reason, date.today()))])


@books.command()
def adjust(
    bank: Bank,
    day: Day,
    maker: Maker,
    checker: Checker,
    reason: Reason,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """两人以调整传票消除差异 · two persons draft a voucher that brings the core's ledger to ours; then send."""
    from cluster.books.differences import adjust as draft

    at = database_url(settings_file, url)
    typer.echo(asyncio.run(draft(at, bank, parsed_date(day), maker, checker, reason)))


def core_end(settings_file: str | None, at: str) -> "Where":
    """Where the core listens: as told, as set, or the sandbox of the `miaodai up` that runs; else `Failure`."""
    from protocols.outside.connect import Where

    settings = load_settings(settings_file)
    if at:
        host, _, port = at.rpartition(":")
        if not host or not port.isdigit():
            raise Failure(f"地址应为 host:port an address is host:port: {at!r}")
        return Where(host=host, port=int(port), timeout_ms=settings.outside.core.timeout_ms)
    end = settings.outside.core
    if end.port:
        return Where(host=end.host, port=end.port, timeout_ms=end.timeout_ms)
    running = find_running(settings)
    if running is None or not running.core_port:
        raise Failure("不知道核心在哪里 where the core listens is not known: --core 或 or MIAODAI_OUTSIDE_CORE_PORT")
    return Where(port=running.core_port, timeout_ms=end.timeout_ms)


def _good(ok: bool) -> str:
    return "平 agrees" if ok else "不平 DOES NOT AGREE"


def _give(text: str, out: Path | None, bom: bool) -> None:
    from cluster.books.files import write

    if out is None:
        typer.echo(text, nl=False)
    else:
        write(out, text, bom=bom)
        typer.echo(str(out))


def _show(rows: "list[DifferenceRow] | tuple[DifferenceRow, ...]") -> None:
    table = Table(
        *("编号 no.", "日期 date", "种类 kind", "对象 subject", "我方 ours", "对方 theirs", "差额 difference"),
        *("状态 status", "责任人 owner", "经办/复核 by", "说明 detail"),
    )
    for row in rows:
        by = f"{row.maker}/{row.checker}" if row.maker else ""
        sums = (yuan(row.ours_fen), yuan(row.theirs_fen), yuan(row.fen))
        table.add_row(
            *(str(row.id), str(row.date), row.kind, row.subject, *sums, row.status, row.owner, by),
            "; ".join(text for text in (row.detail, row.reason) if text),
        )
    Console(width=200).print(table)


async def _chart(url: str, bank: str) -> Any:
    from cluster.books.close import chart_of
    from storage.books import snapshot

    async with snapshot(url) as found:
        return await chart_of(found, bank)


async def _vouchers(url: str, bank: str, on: date) -> Any:
    from storage.books import snapshot
    from storage.vouchers import Vouchers

    async with snapshot(url) as found:
        return await Vouchers(found.connection).of_day(bank, on)
