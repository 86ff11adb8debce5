"""Why a service said no, in words for people."""

from __future__ import annotations

from bookings.told import tell


class Rejected(Exception):
    """The wish cannot be taken as it is. `field` names the input to mend, if one is to blame."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    @property
    def message(self) -> str:
        """Why, in the language of who asks."""
        return tell(str(self))


class Forbidden(Rejected):
    """The person's role at this partner does not allow it."""


class NotAllowed(Rejected):
    """This move is not one that the vocabulary allows from where the row stands."""


class Moved(Rejected):
    """Somebody else moved the row in the meantime: look again, then decide."""


class AlreadyThere(Rejected):
    """The same thing is already under way or done."""
