"""What the ESB front refuses before an operation sees it: a code of actors/codes.py and where in the message."""

from actors.codes import Code


class EsbRefused(Exception):
    """A message is refused. ``where`` names the field's path or what was wrong, without personal data."""

    def __init__(self, code: Code, where: str = "") -> None:
        super().__init__(f"{code.word}: {where}" if where else code.word)
        self.code = code
        self.where = where


class FrameRefused(EsbRefused):
    """The frame's boundary cannot be trusted: answered if possible, then the connection is closed."""
