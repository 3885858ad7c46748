"""What a method gets to work with."""

from dataclasses import dataclass

from .delivery import Delivery
from .long_poll import Polling
from .parameters import Parameters, required_integer
from .publishing import Publishing
from .refusals import RefusedError
from .state import Community, World


@dataclass(frozen=True, slots=True)
class Call:
    """One request with a right token. `host` is where the stand-in was reached, for the addresses it gives out."""

    world: World
    delivery: Delivery
    publishing: Publishing
    polling: Polling
    community: Community
    parameters: Parameters
    host: str

    def own_group(self) -> None:
        """Raises RefusedError where `group_id` is missing, or another community's than the token's."""
        if required_integer(self.parameters, "group_id") != self.community.group_id:
            raise RefusedError(15, "group_id is not of this token")
