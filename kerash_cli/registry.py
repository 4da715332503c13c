"""Registries: mappings from names to values. Looking up an unknown name raises an error that suggests a similar one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from kerash_cli.errors import BadInput, shown

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Values by name or alias. Iteration yields the names, without the aliases, in order of registration."""

    def __init__(self, kind: str) -> None:
        """Starts empty; `kind` is the noun for a member in messages, such as "activation"."""
        self.kind = kind
        self._members: dict[str, T] = {}
        self._aliases: dict[str, str] = {}

    def add(self, name: str, value: T, aliases: tuple[str, ...] = ()) -> T:
        """Registers `value` under `name` and its aliases; raises ValueError if one is taken."""
        for word in (name, *aliases):
            if word in self._members or word in self._aliases:
                raise ValueError(f"two {self.kind}s named {word!r}")
        self._members[name] = value
        self._aliases.update(dict.fromkeys(aliases, name))
        return value

    def register(self, name: str, *aliases: str) -> Callable[[T], T]:
        """Returns a decorator that registers a function or class under these names."""
        return lambda value: self.add(name, value, aliases)

    def words(self) -> list[str]:
        """Returns all names and aliases."""
        return [*self._members, *self._aliases]

    def canonical(self, name: str) -> str:
        """Returns the name of a member, given its name or an alias; raises BadInput if there is no such member."""
        name = self._aliases.get(name, name)
        if name not in self._members:
            raise BadInput(f"unknown {self.kind} {shown(name)}; {self._suggestion(name)}")
        return name

    def __getitem__(self, name: str) -> T:
        return self._members[self.canonical(name)]

    def __contains__(self, name: object) -> bool:
        return name in self._members or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def _suggestion(self, name: str) -> str:
        from difflib import get_close_matches  # imported late: only an unknown name needs it

        close = get_close_matches(name.lower(), [*self._members, *self._aliases], n=1)
        return f"did you mean {close[0]!r}?" if close else f"try one of {', '.join(self._members)}"
