"""Hold lease: of several workers the first to ask does a job, until it gives it up or is heard no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from carrierbill.domain.copies import changed
from carrierbill.domain.lease import Lease
from carrierbill.domain.policy import RuleSet
from carrierbill.services.decide import decide_each
from carrierbill.services.ports import Once, Unit

# So long a job stands still when its worker dies; a worker renews when half of it is over.
FOR = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class HoldLease:
    """A worker that wants to do a job, or to go on with it."""

    name: str
    owner: str
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class GiveUpLease:
    """A worker that does a job no more."""

    name: str
    owner: str
    once: Once | None = None


def hold_lease(commands: Sequence[HoldLease], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Lease: its own, or that of the one who does the job. Of several the row's lock decides.

    Nothing is written or locked while somebody else does it.
    """
    del rules  # who works is no rule's business
    seen = {lease.name: lease for lease in unit.peek(Lease, name={command.name for command in commands})}
    free = {
        command.name
        for command in commands
        if command.name not in seen or seen[command.name].is_free(command.owner, unit.now)
    }
    unit.claim(Lease, name=free)

    def decide(command: HoldLease) -> Lease:
        if command.name not in free:
            return seen[command.name]
        lease = unit.get(Lease, command.name)
        wanted = Lease(command.name, command.owner, unit.now + FOR)
        if lease is None:
            unit.add(wanted)
            return wanted
        if not lease.is_free(command.owner, unit.now):
            return lease
        unit.put(wanted)
        return wanted

    return decide_each(commands, unit, decide)


def give_up_lease(commands: Sequence[GiveUpLease], unit: Unit, rules: RuleSet) -> list[object]:
    """Whether each command's worker had the lease; then it is anybody's from now on."""
    del rules
    unit.claim(Lease, name={command.name for command in commands})

    def decide(command: GiveUpLease) -> bool:
        lease = unit.get(Lease, command.name)
        if lease is None or lease.owner != command.owner:
            return False
        unit.put(changed(lease, until=unit.now))
        return True

    return decide_each(commands, unit, decide)
