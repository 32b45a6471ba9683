"""Personal data: sealed for one customer of one bank, found by a blind index, opened by nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import BadSeal, BankVault

MASTER = bytes(range(32))
VAULT = BankVault(MASTER, "3301")
NUMBER = "330106199001011234"


@given(st.text())
def test_what_is_sealed_can_be_unsealed(text: str) -> None:
    assert BankVault(MASTER, "3301").unseal("C1", VAULT.seal("C1", text)) == text


def test_sealing_twice_gives_other_bytes_and_never_the_text() -> None:
    first, second = VAULT.seal("C1", NUMBER), VAULT.seal("C1", NUMBER)
    assert first != second
    assert NUMBER.encode() not in first


@pytest.mark.parametrize(
    ("vault", "owner"),
    [(VAULT, "C2"), (BankVault(MASTER, "3302"), "C1"), (BankVault(bytes(32), "3301"), "C1")],
    ids=["other customer", "other bank", "other master"],
)
def test_another_key_opens_nothing(vault: BankVault, owner: str) -> None:
    with pytest.raises(BadSeal):
        vault.unseal(owner, VAULT.seal("C1", NUMBER))


def test_every_changed_byte_is_noticed() -> None:
    sealed = VAULT.seal("C1", NUMBER)
    for at in range(len(sealed)):
        damaged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(BadSeal):
            VAULT.unseal("C1", damaged)
    for length in range(len(sealed)):
        with pytest.raises(BadSeal):
            VAULT.unseal("C1", sealed[:length])


def test_the_error_says_nothing_of_the_text() -> None:
    with pytest.raises(BadSeal) as caught:
        VAULT.unseal("C2", VAULT.seal("C1", NUMBER))
    assert str(caught.value) == ""
    assert caught.value.__cause__ is None


def test_the_blind_index_is_the_same_in_every_process_and_other_at_every_bank() -> None:
    assert VAULT.blind(NUMBER) == BankVault(MASTER, "3301").blind(NUMBER)
    assert VAULT.blind(NUMBER) != VAULT.blind(NUMBER[:-1] + "5")
    assert VAULT.blind(NUMBER) != BankVault(MASTER, "3302").blind(NUMBER)
    # Pinned: rows written years ago must still be found.
    assert VAULT.blind(NUMBER).hex() == "5e1651d20ae38522c0f2c3acd353ca550dd9787008303a4abe0182c7fc9a3a3d"


def test_texts_sealed_by_an_earlier_release_open() -> None:
    sealed = bytes.fromhex(
        "01432cdbfdbdbff02d408662bae1e18bd397c843d595d4c165c7bd4ce7fb93a964c1fdc4fda921c2b29a1a90f6404d"
    )
    assert VAULT.unseal("C1", sealed) == NUMBER


def test_a_short_master_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        BankVault(b"short", "3301")
