"""LPR by file: what is wrong is refused naming the line; the series only grows at its end and never changes."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from products_support import BANK, BANKS

from cluster.bank_checks import BadBankConfig
from cluster.lpr import LprConflict, joined, news, odd_rows, read_lpr

KNOWN = BANKS[BANK].lpr
LAST = KNOWN[-1][0]
HEAD = "date,tenor,rate\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "new.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("2026-03-20,1Y,0.0300\n", ""),
        (HEAD, ""),
        (HEAD + "2026-03-32,1Y,0.0300\n", "line 2"),
        (HEAD + "2026-03-20,1Y\n", "line 2"),
        (HEAD + "2026-03-20,1Y,3.00%\n", "line 2"),
        (HEAD + "2026-03-20,1Y,NaN\n", "line 2"),
        (HEAD + "2026-03-20,1Y,3.00\n", "line 2"),
        (HEAD + "2026-03-20,1Y,0.03005\n", "line 2"),
        (HEAD + "2026-03-20,1Y,-0.0300\n", "line 2"),
        (HEAD + "2026-03-20,2Y,0.0300\n", "line 2"),
        (HEAD + "2026-04-20,1Y,0.0300\n2026-03-20,1Y,0.0300\n", "line 3"),
        (HEAD + "2026-03-20,1Y,0.0300\n2026-03-20,1Y,0.0300\n", "line 3"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(BadBankConfig) as caught:
        read_lpr(written(tmp_path, text))
    assert caught.value.field == where


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadBankConfig):
        read_lpr(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(BadBankConfig):
        read_lpr(tmp_path / "x.csv")


def test_new_rows_are_told_from_known_ones(tmp_path: Path) -> None:
    text = HEAD + f"{LAST},1Y,0.0300\n2026-03-20,1Y,0.0295\n2026-03-20,5Y,0.0345\n"
    new = news(KNOWN, read_lpr(written(tmp_path, text)))
    assert new == ((date(2026, 3, 20), "1Y", Decimal("0.0295")), (date(2026, 3, 20), "5Y", Decimal("0.0345")))
    grown = joined(KNOWN, new)
    assert grown[: len(KNOWN)] == KNOWN
    assert news(grown, new) == ()
    assert odd_rows(KNOWN, new) == []


@pytest.mark.parametrize(("day", "rate"), [(LAST, "0.0290"), (date(2026, 2, 23), "0.0310"), (date(2019, 8, 1), "0.04")])
def test_a_published_row_never_changes_and_no_other_rate_is_put_in_between(day: date, rate: str) -> None:
    with pytest.raises(LprConflict, match=str(day)):
        news(KNOWN, [(day, "1Y", Decimal(rate))])


def test_publications_without_a_change_may_be_filled_in() -> None:
    """An older series that held the changes only takes the whole one."""
    changes = [row for n, row in enumerate(KNOWN) if n < 2 or row[2] != KNOWN[n - 2][2]]
    assert len(changes) < len(KNOWN) / 3
    assert joined(changes, news(changes, KNOWN)) == KNOWN


def test_an_unusual_day_or_move_is_only_a_warning() -> None:
    new = [(date(2026, 3, 19), "1Y", Decimal("0.0300")), (date(2026, 4, 20), "1Y", Decimal("0.0249"))]
    day, move = odd_rows(KNOWN, new)
    assert "2026-03-19" in day
    assert "2026-04-20" in move
