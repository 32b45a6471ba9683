"""Migrations go forward only, once each, whoever starts them and however many at once."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from storage.migrate import FOLDER, MigrationError, migrate


async def test_two_at_once_apply_each_file_once(empty_database: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    names = [path.name for path in sorted(FOLDER.glob("*.sql"))]
    assert sorted(name for part in done for name in part) == names
    assert await migrate(empty_database) == []


async def test_a_dry_run_changes_nothing(empty_database: str) -> None:
    would = await migrate(empty_database, dry_run=True)
    assert would[0].startswith("0001_")
    assert await migrate(empty_database) == would
    assert await migrate(empty_database, dry_run=True) == []


def write(folder: Path, **files: str) -> None:
    for name, sql in files.items():
        (folder / f"{name}.sql").write_text(sql)


async def test_a_changed_file_is_refused(empty_database: str, tmp_path: Path) -> None:
    write(tmp_path, m1="CREATE TABLE a (x int)")
    await migrate(empty_database, folder=tmp_path)
    write(tmp_path, m1="CREATE TABLE a (x bigint)", m2="CREATE TABLE b (x int)")
    with pytest.raises(MigrationError, match=r"m1\.sql was changed"):
        await migrate(empty_database, folder=tmp_path)
    write(tmp_path, m1="CREATE TABLE a (x int)")
    assert await migrate(empty_database, folder=tmp_path) == ["m2.sql"]


async def test_a_file_that_comes_too_late_is_refused(empty_database: str, tmp_path: Path) -> None:
    write(tmp_path, m2="CREATE TABLE a (x int)")
    await migrate(empty_database, folder=tmp_path)
    write(tmp_path, m1="CREATE TABLE b (x int)")
    with pytest.raises(MigrationError, match=r"m1\.sql is missing"):
        await migrate(empty_database, folder=tmp_path)


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_database: str, tmp_path: Path) -> None:
    write(tmp_path, m1="CREATE TABLE a (x int)", m2="CREATE TABLE b (x int); SELECT 1/0")
    with pytest.raises(MigrationError, match=r"m2\.sql failed: 22012"):
        await migrate(empty_database, folder=tmp_path)
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT to_regclass('a')::text") == "a"
    assert await connection.fetchval("SELECT to_regclass('b')") is None
    await connection.close()
    write(tmp_path, m2="CREATE TABLE b (x int)")
    assert await migrate(empty_database, folder=tmp_path) == ["m2.sql"]


async def test_an_older_release_bears_a_newer_schema(empty_database: str, tmp_path: Path) -> None:
    write(tmp_path, m1="CREATE TABLE a (x int)", m2="CREATE TABLE b (x int)")
    await migrate(empty_database, folder=tmp_path)
    (tmp_path / "m2.sql").unlink()
    assert await migrate(empty_database, folder=tmp_path) == []


async def test_no_server_is_said_clearly() -> None:
    with pytest.raises(MigrationError, match="cannot connect"):
        await migrate("postgresql://nobody:x@127.0.0.1:1/none")
