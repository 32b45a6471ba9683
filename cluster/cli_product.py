"""`miaodai product`: propose, compare, approve: terms change by two persons, from a business date on."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from cluster.cli_bank import Config, DatabaseUrl, database_url, opened_store, parsed_date
from cluster.failures import Failure

if TYPE_CHECKING:
    from cluster.proposals import Decided, TermsDesk
    from storage.banks import BankHead, TermsVersion

T = TypeVar("T")
product = typer.Typer(
    help="产品条款与变更（两人） · products, and changing terms by two persons.", no_args_is_help=True
)
Bank = Annotated[str, typer.Argument(help="法人代码 bank code")]
Number = Annotated[int, typer.Argument(help="申请号 number of the proposal")]
Checker = Annotated[str, typer.Option("--checker", help="复核人工号 staff id, not the maker's")]
Maker = Annotated[str, typer.Option("--maker", help="经办人工号 staff id")]
Reason = Annotated[str, typer.Option("--reason", help="理由 why")]


def at_desk(settings_file: str | None, url: str, work: "Callable[[TermsDesk], Awaitable[T]]") -> T:
    """Do ``work`` on the database of the settings."""
    from cluster.proposals import TermsDesk

    async def run() -> T:
        async with opened_store(database_url(settings_file, url)) as store:
            return await work(TermsDesk(store))

    return asyncio.run(run())


@product.command()
def propose(
    bank: Bank,
    file: Annotated[Path, typer.Argument(help="改动，格式同bank.toml what changes, in the form of bank.toml")],
    maker: Maker,
    valid_from: Annotated[str, typer.Option("--valid-from", help="生效的营业日期 business date, YYYY-MM-DD")],
    supersede: Annotated[
        bool, typer.Option("--supersede", help="取代更晚生效的版本对同一项的改动 set a later version's change aside")
    ] = False,
    note: Annotated[str, typer.Option("--note", help="说明 why")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只比较不保存 only compare")] = False,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """提出变更，先检查并显示新旧差异 · propose a change: checked, and shown old -> new."""
    from cluster.proposals import from_file, staff
    from cluster.terms_change import differences
    from cluster.terms_show import difference_table, show_proposal

    async def work(desk: "TermsDesk") -> None:
        staff(maker)
        proposed = await desk.compare(bank, parsed_date(valid_from), from_file(file), supersede)
        if dry_run:
            Console().print(difference_table(differences(proposed.base, proposed.change)))
            return
        show_proposal(await desk.propose(bank, proposed, maker, note), Console())

    at_desk(settings_file, url, work)


@product.command("list")
def list_products(bank: Bank, url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """产品、版本与变更申请 · products in force today, versions of the terms, proposals."""
    from cluster.terms_show import proposal_table

    async def work(desk: "TermsDesk") -> None:
        head = await desk.head(bank)
        terms = await desk.terms(bank, head.version)
        console = Console()
        console.print(f"{terms.name_zh} {bank}，营业日期 business date {head.business_date}", highlight=False)
        table = Table(
            "产品 product", "名称", "金额 amount (元 yuan)", "期数 periods", "还款方式 methods", "在售 on sale"
        )
        for code, p in terms.products.items():
            amounts = f"{p.amount_fen_min // 100:,}..{p.amount_fen_max // 100:,}"
            periods = f"{p.periods_min}..{p.periods_max} {p.frequency}"
            table.add_row(code, p.name_zh, amounts, periods, ", ".join(p.methods), "是 yes" if p.on_sale else "否 no")
        console.print(table)
        versions = Table("版本 version", "生效日 valid from", "来由 cause", "时间 at", "")
        coming = {v.version for v in await desk.versions(bank, head.business_date)}
        for v in await desk.store.versions(bank):
            cause = f"{v.cause} {v.proposal}" if v.proposal else v.cause
            state = _state(v, head, coming)
            versions.add_row(str(v.version), str(v.valid_from), cause, f"{v.at.astimezone():%Y-%m-%d %H:%M}", state)
        console.print(versions)
        console.print(proposal_table(await desk.proposals.of_bank(bank)))

    at_desk(settings_file, url, work)


@product.command()
def show(
    bank: Bank,
    code: Annotated[str, typer.Argument(help="产品代码，省略为法人参数 product code; none: the bank's own")] = "",
    on: Annotated[str, typer.Option("--on", help="营业日期 business date; 默认今日 default the current one")] = "",
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """全部参数与名称 · every parameter as in force on a date."""
    from cluster.terms_show import parameter_table, show_warnings

    async def work(desk: "TermsDesk") -> None:
        head = await desk.head(bank)
        day = parsed_date(on) if on else head.business_date
        if on and day < (await desk.store.versions(bank))[0].valid_from:
            raise Failure(f"该日尚无条款 no terms were in force on {day}: {bank}")
        found = await desk.terms_on(bank, day)
        if code and code not in found.terms.products:
            raise Failure(f"没有该产品 no such product: {code} ({', '.join(found.terms.products)})")
        console = Console()
        console.print(parameter_table(found.terms, code))
        console.print(f"{day}: 版本 version {found.version}，自 valid from {found.valid_from}", highlight=False)
        show_warnings(found.terms, console)

    at_desk(settings_file, url, work)


@product.command()
def diff(number: Number, url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """一项变更的新旧差异 · one proposal, old -> new, and who did what when."""
    from cluster.terms_show import show_proposal

    async def work(desk: "TermsDesk") -> None:
        show_proposal(await desk.proposal(number), Console())

    at_desk(settings_file, url, work)


@product.command()
def approve(number: Number, checker: Checker, url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """复核通过，到生效日自动启用 · approve: in force from its date on, by itself."""
    _decide(settings_file, url, lambda desk: desk.approve(number, checker))


@product.command()
def reject(
    number: Number, checker: Checker, reason: Reason = "", url: DatabaseUrl = "", settings_file: Config = None
) -> None:
    """驳回 · reject."""
    _decide(settings_file, url, lambda desk: desk.reject(number, checker, reason))


@product.command()
def withdraw(
    number: Number, maker: Maker, reason: Reason = "", url: DatabaseUrl = "", settings_file: Config = None
) -> None:
    """经办人撤回 · withdraw, by its maker."""
    _decide(settings_file, url, lambda desk: desk.withdraw(number, maker, reason))


def _state(version: "TermsVersion", head: "BankHead", coming: set[int]) -> str:
    """``coming``: the versions that are, or will be, in force from today on."""
    if version.version == head.version:
        return "有效 in force"
    if version.valid_from <= head.business_date:
        return ""
    return "待生效 to come" if version.version in coming else "已被取代 superseded"


def _decide(settings_file: str | None, url: str, decide: "Callable[[TermsDesk], Awaitable[Decided]]") -> None:
    from cluster.terms_show import show_proposal

    row, again = at_desk(settings_file, url, decide)
    console = Console()
    show_proposal(row, console)
    if again:
        console.print("此前已办，未再处理 had been done before, nothing was done now")
