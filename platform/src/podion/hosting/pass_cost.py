"""What a pass costs, learned while passes are computed, and how much work the next one may hold."""

SHORTEST_PASS_SECONDS = 0.004
LONGEST_PASS_SECONDS = 0.04

FEW_OWNERS = 4
"""Waiting owners from which on passes are long."""

SHORT, LONG = 4.0, 10.0
"""Length of a pass in fixed costs: a quarter, or a tenth, of the time is spent on what larger passes would save.

In a simulation with the costs of the int8 path (1.5 ms and 70 µs a token), 64 owners in a closed loop got 876 rows/s
with long passes and 716 with short ones, of 944 with passes of 40 ms. When one owner floods, longer passes help nobody
but the flooder, and a newcomer waits for two of them: p99 12 ms with short passes, 23 ms with long ones (alone: 5 ms).
"""

PASS_ROWS = 256
"""Rows of one pass at most."""

_FORGETTING = 0.98
"""Weight of a pass once the next is known: about the last 50 passes count."""

_PROBE = 4
"""Every so many passes one is half as long: passes of one size would not tell the fixed cost from the rest."""

_LEAST = 1e-6
_WARM = 8
_OUTLIER = 4.0
"""A pass that took this many times what was expected counts as that much: it loaded something, or was interrupted."""


class PassCost:
    """Seconds of a pass as `fixed + each * tokens`, by least squares over the last passes."""

    def __init__(self, fixed: float = 0.002, each: float = 0.0001) -> None:
        self.fixed = fixed
        self.each = each
        self._passes = 0
        self._budgets = 0
        self._weight = self._x = self._y = self._xx = self._xy = 0.0

    @property
    def warm(self) -> bool:
        """Whether enough passes were seen to refuse work on this estimate."""
        return self._passes >= _WARM

    def seconds(self, tokens: float) -> float:
        """Return the estimated seconds of one pass of that many tokens."""
        return self.fixed + self.each * tokens

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from a pass."""
        seconds = min(max(seconds, _LEAST), _OUTLIER * self.seconds(tokens))
        self._passes += 1
        self._weight = self._weight * _FORGETTING + 1
        self._x = self._x * _FORGETTING + tokens
        self._y = self._y * _FORGETTING + seconds
        self._xx = self._xx * _FORGETTING + tokens * tokens
        self._xy = self._xy * _FORGETTING + tokens * seconds
        self._fit()

    def _fit(self) -> None:
        x, y = self._x / self._weight, self._y / self._weight
        spread = self._xx / self._weight - x * x
        if spread > (0.2 * x) ** 2:
            slope = (self._xy / self._weight - x * y) / spread
            self.each = min(max(slope, 0.1 * y / x), y / x)
            self.fixed = max(0.0, y - self.each * x)
            return
        # Passes of one size say what such a pass costs, and nothing about its parts: both are scaled alike.
        scale = y / self.seconds(x)
        self.fixed *= scale
        self.each *= scale

    def target(self, owners: int) -> float:
        """Return how many seconds the next pass should take when so many owners have interactive work waiting."""
        length = LONG if owners >= FEW_OWNERS else SHORT
        wanted = min(LONGEST_PASS_SECONDS, max(SHORTEST_PASS_SECONDS, length * self.fixed))
        # On a machine so slow that the fixed cost alone takes that long, single rows would be all it ever did.
        return max(wanted, length / 2 * self.fixed)

    def next_budget(self, owners: int) -> float:
        """Return the tokens that the next pass may hold."""
        self._budgets += 1
        return self.budget(owners) / (1 if self._budgets % _PROBE else 2)

    def budget(self, owners: int) -> float:
        """Return the tokens that a pass should hold."""
        return max(0.0, self.target(owners) - self.fixed) / max(self.each, 1e-9)
