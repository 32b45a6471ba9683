"""Core banking 核心: the book of record. Deposits, loan accounts, its own double entry, accounting date and serials."""
