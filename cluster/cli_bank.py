"""`miaodai bank load | check | list | date`: the banks' terms and business dates, in the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cluster.failures import Failure
from cluster.running import find_running
from cluster.settings_load import load as load_settings

if TYPE_CHECKING:
    from actors.bank import BankTerms
    from storage.banks import BankRow
    from storage.postgres import PostgresStore

DEFAULT_FOLDER = Path(__file__).parent / "banks"
bank = typer.Typer(help="法人与产品 · banks and their products.", no_args_is_help=True)
Config = Annotated[str | None, typer.Option("--config", "-c", help="设置文件 settings file (TOML)")]
DatabaseUrl = Annotated[
    str, typer.Option("--database-url", help="数据库 postgresql://...；默认取自设置 by default the settings'")
]


def database_url(settings_file: str | None, url: str) -> str:
    """The given URL, the settings', or that of the `miaodai up` that runs on the data directory; else `Failure`."""
    if url:
        return url
    settings = load_settings(settings_file)
    running = find_running(settings)
    found = settings.database.url or (running.database_url if running else "")
    if not found:
        raise Failure("需要数据库地址 a database is needed: --database-url 或 or MIAODAI_DATABASE_URL")
    return found


def parsed_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Failure(f"日期应为YYYY-MM-DD a date is YYYY-MM-DD: {text!r}") from None


@bank.command()
def load(
    folder: Annotated[
        Path, typer.Argument(help="法人配置目录 folder with province.toml and one folder a bank")
    ] = DEFAULT_FOLDER,
    on: Annotated[str, typer.Option("--date", help="新法人的营业日期 business date of new banks")] = "",
    maker: Annotated[str, typer.Option("--maker", help="已有法人：变更的经办人 who proposes the changes")] = "",
    valid_from: Annotated[str, typer.Option("--valid-from", help="变更的生效日 from when they are to be valid")] = "",
    url: DatabaseUrl = "",
    settings_file: Config = None,
    check: Annotated[bool, typer.Option("--check", help="只检查不装载 only check the files")] = False,
) -> None:
    """新法人直接装载，已有法人提出变更（两人） · load new banks; of known ones propose what differs."""
    from cluster.bank_config import load_banks

    terms = load_banks(folder)
    if check:
        _say_good(terms)
        return
    day = parsed_date(on) if on else date.today()
    known = asyncio.run(_first_loads(database_url(settings_file, url), terms, day))
    if known and (newer := asyncio.run(_newer_lpr(database_url(settings_file, url), terms[0]))):
        typer.echo(f"配置含{newer}条新LPR the files hold new LPR: miaodai lpr load {folder / 'lpr.csv'}")
    differing = [t for t in known if asyncio.run(_differs(database_url(settings_file, url), t))]
    for each in known:
        if each not in differing:
            typer.echo(f"{each.code} 已装载，无变化 loaded before, nothing differs")
    if not differing:
        return
    codes = ", ".join(t.code for t in differing)
    if not maker or not valid_from:
        raise Failure(
            f"已有法人与配置不同，变更须两人，请加--maker与--valid-from known banks differ from the files; a change"
            f" takes two persons, say --maker and --valid-from: {codes}"
        )
    asyncio.run(_propose(database_url(settings_file, url), differing, maker, parsed_date(valid_from)))


@bank.command()
def check(
    folder: Annotated[Path, typer.Argument(help="法人配置目录 folder of the banks' files")] = DEFAULT_FOLDER,
) -> None:
    """检查法人配置及日历 · check the banks' files, and say what the calendar lacks."""
    from cluster.bank_config import load_banks

    _say_good(load_banks(folder))


def _say_good(terms: "list[BankTerms]") -> None:
    from cluster.terms_show import show_warnings

    for each in terms:
        show_warnings(each, Console())
    typer.echo(f"{len(terms)} 家法人配置正确 banks are good")


@bank.command("list")
def list_banks(url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """已装载的法人、版本、营业日期 · banks, versions, business dates."""
    table = Table("法人 bank", "名称 name", "版本 version", "营业日期 business date", "产品 products")
    for row in asyncio.run(_all(database_url(settings_file, url))):
        terms = msgspec.json.decode(row.terms)
        table.add_row(
            row.code, terms["name_zh"], str(row.version), str(row.business_date), ", ".join(terms["products"])
        )
    Console().print(table)


@bank.command("date")
def set_date(
    code: Annotated[str, typer.Argument(help="法人代码 bank code")],
    day: Annotated[str, typer.Argument(help="新的营业日期 the new business date, YYYY-MM-DD")],
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """推进营业日期，不能后退 · advance the business date, never back."""
    try:
        epoch = asyncio.run(_advance(database_url(settings_file, url), code, parsed_date(day)))
    except KeyError:
        raise Failure(f"没有该法人 no such bank: {code}") from None
    typer.echo(f"{code} {day} (epoch {epoch})")


@asynccontextmanager
async def opened_store(url: str) -> "AsyncIterator[PostgresStore]":
    from storage.postgres import open_store

    store = await open_store(url)
    try:
        yield store
    finally:
        await store.close()


async def _first_loads(url: str, terms: "list[BankTerms]", day: date) -> "list[BankTerms]":
    """Load the new banks; those that are there already."""
    from cluster.proposals import TermsDesk

    known = []
    async with opened_store(url) as store:
        desk = TermsDesk(store)
        for each in terms:
            if await desk.first_load(each, day):
                typer.echo(f"{each.code} 版本 version 1")
            else:
                known.append(each)
    return known


async def _newer_lpr(url: str, wanted: "BankTerms") -> int:
    """How many rows of the files' LPR are not loaded yet; a conflict is said when they are."""
    from cluster.proposals import TermsDesk

    async with opened_store(url) as store:
        return len(set(wanted.lpr) - set(await TermsDesk(store).known_lpr()))


async def _differs(url: str, wanted: "BankTerms") -> bool:
    """From the terms of the latest date for which any are approved."""
    from cluster.proposals import TermsDesk, as_loaded
    from cluster.terms_change import changed

    async with opened_store(url) as store:
        now = (await TermsDesk(store).terms_on(wanted.code, date.max)).terms
        return bool(changed(now, as_loaded(wanted)(now))[1])


async def _propose(url: str, terms: "list[BankTerms]", maker: str, valid_from: date) -> None:
    from cluster.proposals import TermsDesk, as_loaded
    from cluster.terms_show import show_proposal

    async with opened_store(url) as store:
        desk = TermsDesk(store)
        for wanted in terms:
            proposed = await desk.compare(wanted.code, valid_from, as_loaded(wanted))
            show_proposal(await desk.propose(wanted.code, proposed, maker, "bank load"), Console())


async def _all(url: str) -> "list[BankRow]":
    async with opened_store(url) as store:
        return await store.all()


async def _advance(url: str, code: str, day: date) -> int:
    async with opened_store(url) as store:
        return await store.set_business_date(code, day)
