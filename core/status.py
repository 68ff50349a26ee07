"""Status has one door: a dictionary of moves on the model, `move_to`, and a trigger behind it."""

from core.errors import DomainError


class WrongState(DomainError):
    """The thing is not in a state from which this can be done."""

    code = "wrong_state"


class Movable:
    """Mixin for models with `status` and `MOVES` {from: {to, …}}."""

    MOVES = {}

    def can_move_to(self, status):
        return status in self.MOVES.get(self.status, ())

    def move_to(self, status):
        """Sets the status; raises WrongState when this move is not allowed. Does not save."""
        if not self.can_move_to(status):
            name = self._meta.verbose_name
            raise WrongState(f"This {name} is {self.status}; it cannot become {status}.")
        self.status = status
