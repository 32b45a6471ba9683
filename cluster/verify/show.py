"""A verification's report for people (a table) and for programs (one line of JSON)."""

import msgspec
from rich.console import Console
from rich.table import Table

from cluster.verify.run import Report


def as_json(report: Report) -> str:
    return msgspec.json.encode({"ok": report.ok, **msgspec.to_builtins(report)}).decode()


def show(report: Report, console: Console) -> None:
    table = Table(title="不变量检查 invariants", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("不变量 invariant")
    table.add_column("检查数 examined", justify="right")
    table.add_column("违反 broken", justify="right")
    table.add_column("结果 result")
    for line in report.lines:
        verdict = (
            "[red]不通过 broken" if line.broken else "[green]通过 holds" + (f"\n[dim]{line.note}" if line.note else "")
        )
        table.add_row(
            str(line.invariant), f"{line.zh}\n[dim]{line.en}", f"{line.examined:,}", f"{line.broken:,}", verdict
        )
    console.print(table)
    for breach in report.sample:
        console.print(
            f"[red]#{breach.invariant} {breach.check}[/red] {breach.subject}: {breach.detail}", highlight=False
        )
    hidden = report.breaches - len(report.sample)
    if hidden:
        console.print(f"另有 {hidden:,} 处 and {hidden:,} more")
    console.print(f"{report.breaches:,} 处违反 breach(es), {report.seconds} s", highlight=False)
