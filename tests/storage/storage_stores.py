"""The two stores by one name, and a commit that is held in the middle on either of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from storage.contract import Batch, StoreError
from storage.faults import Fault
from storage.memory import MemoryStore
from storage.postgres import PostgresStore

AnyStore = MemoryStore | PostgresStore


@asynccontextmanager
async def held_commit(store: AnyStore, batch: Batch) -> AsyncIterator["asyncio.Task[StoreError | None]"]:
    """Start committing ``batch`` (it updates loan L1); it is held with the fence taken until the block ends."""
    if isinstance(store, MemoryStore):
        store.faults.order(Fault.HELD)
        task = asyncio.create_task(_outcome(store, batch))
        await asyncio.sleep(0.05)
        yield task
        await store.faults.release()
    else:
        blocker = await asyncpg.connect(store.database.url)
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("SELECT 1 FROM loan WHERE id = 'L1' FOR UPDATE")
        task = asyncio.create_task(_outcome(store, batch))
        await asyncio.sleep(0.2)
        yield task
        await transaction.rollback()
        await blocker.close()
    await task


async def _outcome(store: AnyStore, batch: Batch) -> StoreError | None:
    try:
        await store.commit(batch)
    except StoreError as error:
        return error
    return None
