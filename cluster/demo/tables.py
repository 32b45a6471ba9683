"""What a lending person wants to see at the end of the demo, as tables."""

from rich.console import Console
from rich.table import Table

from actors.bank import BankTerms
from actors.codes import BY_WORD
from cluster.demo.figures import Figures, Sums


def yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def show(found: Figures, banks: list[BankTerms], console: Console) -> None:
    names = {bank.code: bank for bank in banks}
    console.print(_table("申请与借据 applications and loans", COUNTS, found, names))
    console.print(_table("金额（元） sums in yuan", SUMS, found, names))
    console.print(_reasons(found))
    console.print(_latency(found))


COUNTS = (
    ("申请 applied", "applications"),
    ("通过 approved", "approved"),
    ("拒绝 refused", "refused"),
    ("放款 loans", "loans"),
    ("结清 settled", "settled"),
    ("逾期 overdue", "overdue"),
)
SUMS = (
    ("放款 lent", "disbursed_fen"),
    ("冲正 reversed", "reversed_fen"),
    ("收回本金 repaid", "repaid_principal_fen"),
    ("利息 interest", "repaid_interest_fen"),
    ("罚息 penalty", "repaid_penalty_fen"),
    ("余额 owed", "outstanding_fen"),
)


def _table(title: str, columns: tuple[tuple[str, str], ...], found: Figures, banks: dict[str, BankTerms]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("法人 bank", no_wrap=True)
    table.add_column("产品 product", no_wrap=True)
    for header, _ in columns:
        table.add_column(header.replace(" ", "\n"), justify="right", no_wrap=True)
    for (bank, product), sums in sorted(found.by_product.items()):
        terms = banks[bank]
        name = terms.name_zh.removesuffix("农村商业银行") + "农商行"
        table.add_row(name, terms.products[product].name_zh, *_cells(sums, columns))
    table.add_section()
    table.add_row("合计 total", "", *_cells(found.total, columns))
    return table


def _cells(sums: Sums, columns: tuple[tuple[str, str], ...]) -> list[str]:
    values = ((field, getattr(sums, field)) for _, field in columns)
    return [yuan(value) if field.endswith("_fen") else str(value) for field, value in values]


def _reasons(found: Figures) -> Table:
    table = Table(
        "原因 reason", "说明", "meaning", "次数 times", title="拒绝原因 reasons of refusal", title_justify="left"
    )
    for word, times in found.reasons.most_common():
        code = BY_WORD.get(word)
        table.add_row(word, code.zh if code else "", code.en if code else "", str(times))
    return table


def _latency(found: Figures) -> Table:
    title = "秒贷：从申请到放款 instant loan, application to money out"
    table = Table("笔数 loans", "p50 ms", "p99 ms", "最长 max ms", title=title, title_justify="left")
    longest = max(found.latencies_ms, default=0)
    table.add_row(
        str(len(found.latencies_ms)),
        f"{found.percentile_ms(50):,}",
        f"{found.percentile_ms(99):,}",
        f"{longest:,}",
    )
    return table
