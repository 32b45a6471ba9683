"""What differs from copy to copy of a life: the slots, what stands in them in the template, and the values of a copy.

A copy's values follow from (seed, number, shard) alone, so that processes which write different tables agree. The same
seed gives the same book, sealed texts included (their nonces come from the seed too).
"""

from hashlib import blake2b, sha256, shake_128
from struct import Struct

from actors.address import SHARDS
from actors.customer import identity
from cluster.generate.mould import Cutter, Mould
from cluster.generate.persons import person
from cluster.generate.template import Person, Template
from storage.vault import BankVault

SHARD_BYTES, NUMBER_BYTES, NONCE_BYTES, SERIAL_BYTES, OPERATION_BYTES = 4, 7, 12, 8, 16
_NUMBERS = 10**14


def _steps() -> list[dict[bytes, int]]:
    """ISO 7064 MOD 11,10 three digits at a time: [remainder before][digits] -> remainder after."""
    table = []
    for start in range(11):
        row = {}
        for digits in range(1000):
            p = start
            for ch in f"{digits:03d}":
                p = ((p + int(ch)) % 10 or 10) * 2 % 11
            row[b"%03d" % digits] = p
        table.append(row)
    return table


_STEPS = _steps()
_CHECK = [b"%d" % ((11 - p) % 10) for p in range(11)]


def digits_of_id(shard: int, number: int) -> bytes:
    """The 19 digits of an id after its letter, as `actors.address.make_id` writes them."""
    digits, s = b"%04d%014d" % (shard, number % _NUMBERS), _STEPS
    p = s[s[s[10][digits[:3]]][digits[3:6]]][digits[6:9]]
    p = s[s[s[p][digits[9:12]]][digits[12:15]]][digits[15:]]
    return digits + _CHECK[p]


def short(text: str) -> bytes:
    """A short text as msgpack writes it: with its head, so that it is not found within others."""
    raw = text.encode()
    return bytes((0xA0 + len(raw),)) + raw


def shown(who: Person) -> tuple[bytes, ...]:
    """What of a person is stored in clear: masks, birth date, division."""
    number = who.identity_number
    return (
        short(identity.mask_name(who.name)),
        short(identity.mask_identity(number)),
        short(identity.mask_phone(who.phone)),
        short(identity.mask_account(who.account_no)),
        short(f"{number[6:10]}-{number[10:12]}-{number[12:14]}"),
        short(identity.division(number)),
    )


class Slots:
    """The slots of a template: shard, ids, operations (bytes, then hex), serials, sealed, index, shown, contracts.

    ``seed`` 16 bytes; ``division`` the bank's territory, out of which the copies' persons come.
    """

    def __init__(self, template: Template, vault: BankVault, seed: bytes, division: str) -> None:
        self._template, self._vault, self._seed, self._division = template, vault, seed, division
        secrets = template.secrets
        operations = [o.op_hash for o in template.operations]
        first = 1 + len(template.ids)
        self.of_operation = {op_hash: first + n for n, op_hash in enumerate(operations)}
        originals: list[bytes] = [b""]
        originals += [id[1:].encode() for id in template.ids]
        originals += operations
        originals += [op_hash.hex().encode() for op_hash in operations]
        originals += [serial.encode() for serial in secrets.serials]
        originals += [*secrets.sealed, secrets.identity_index, *shown(secrets.person)]
        before_contracts = len(originals)
        originals += [hash.encode() for _, hash in secrets.contracts]
        self.cutter = Cutter(originals, range(first, first + 2 * len(operations)))
        self.cutter.lengths[0] = SHARD_BYTES
        self.count = len(originals)
        self._contracts = [Mould(self.cutter.cut(text.encode()), before_contracts) for text, _ in secrets.contracts]
        for text, hash in secrets.contracts:
            if sha256(text.encode()).hexdigest() != hash:
                raise RuntimeError(f"{template.name}: a contract's hash is not that of its text")
        self._measure()

    def hex_of(self, slot: int) -> int:
        """The slot that holds the same operation's hash in hex."""
        return slot + len(self._template.operations)

    def _measure(self) -> None:
        """How a copy's stream of bytes is cut: numbers of ids, nonces, operations, serials; and so its hex digits."""
        t = self._template
        sizes = [NUMBER_BYTES] * len(t.ids) + [NONCE_BYTES] * len(t.secrets.sealed)
        self._operations = slice(len(sizes), len(sizes) + len(t.operations))
        sizes += [OPERATION_BYTES] * len(t.operations) + [SERIAL_BYTES] * len(t.secrets.serials)
        self._length = sum(sizes)
        self._cut = Struct("".join(f"{size}s" for size in sizes)).unpack
        self._cut_hex = Struct("".join(f"{2 * size}s" for size in sizes)).unpack

    def values(self, number: int, shard: int) -> tuple[bytes, ...]:
        """The ``number``-th copy's values; numbers are unique over all lives of a book."""
        stream = shake_128(self._seed + number.to_bytes(8, "big")).digest(self._length)
        parts, hexed = self._cut(stream), self._cut_hex(stream.hex().encode())
        n_ids, operations = len(self._template.ids), self._operations
        ids = [digits_of_id(shard, int.from_bytes(part, "big")) for part in parts[:n_ids]]
        nonces = parts[n_ids : operations.start]
        who = person(number, self._division, self._template.birth_year)
        owner = "C" + ids[0].decode()
        seal = self._vault.seal
        values = (
            shard.to_bytes(SHARD_BYTES, "big"),
            *ids,
            *parts[operations],
            *hexed[operations],
            *hexed[operations.stop :],
            *[seal(owner, text, nonce) for text, nonce in zip(who, nonces, strict=True)],
            self._vault.blind(who.identity_number),
            *shown(who),
        )
        return values + tuple(sha256(mould.cast(values)).hexdigest().encode() for mould in self._contracts)


def seed_bytes(seed: int) -> bytes:
    """16 bytes for a seed given as a number."""
    return blake2b(f"miaodai book {seed}".encode(), digest_size=16).digest()


__all__ = ["SHARDS", "Slots", "digits_of_id", "seed_bytes"]
