"""What a lending person wants to see at the end of the demo, as tables."""

from rich.console import Console
from rich.table import Table

from actors.bank import BankTerms
from actors.codes import BY_WORD
from cluster.demo.figures import Figures, Sums


def yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def show(found: Figures, banks: list[BankTerms], console: Console) -> None:
    console.print(_by_product(found, {bank.code: bank for bank in banks}))
    console.print(_reasons(found))
    console.print(_latency(found))


def _by_product(found: Figures, banks: dict[str, BankTerms]) -> Table:
    table = Table(title="按法人与产品 by bank and product（元 yuan）", title_justify="left")
    for left in ("法人 bank", "产品 product"):
        table.add_column(left)
    for right in (
        "申请\napplied",
        "通过\napproved",
        "拒绝\nrefused",
        "放款\nlent",
        "冲正\nreversed",
        "收回本金\nrepaid",
        "收回利息\ninterest",
        "罚息\npenalty",
        "余额\noutstanding",
        "结清\nsettled",
        "逾期\noverdue",
    ):
        table.add_column(right, justify="right")
    for (bank, product), sums in sorted(found.by_product.items()):
        terms = banks[bank]
        table.add_row(terms.name_zh, terms.products[product].name_zh, *_cells(sums))
    table.add_section()
    table.add_row("合计 total", "", *_cells(found.total))
    return table


def _cells(sums: Sums) -> list[str]:
    return [
        str(sums.applications),
        str(sums.approved),
        str(sums.refused),
        yuan(sums.disbursed_fen),
        yuan(sums.reversed_fen),
        yuan(sums.repaid_principal_fen),
        yuan(sums.repaid_interest_fen),
        yuan(sums.repaid_penalty_fen),
        yuan(sums.outstanding_fen),
        str(sums.settled),
        str(sums.overdue),
    ]


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
