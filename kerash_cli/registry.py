"""A mapping from names to things whose miss suggests the name that was probably meant."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from kerash_cli.errors import BadInput, shown

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Names (and their aliases) to values; iteration gives each value's own name once, in order of registration."""

    def __init__(self, kind: str) -> None:
        """`kind` is what messages call a member: "activation"."""
        self.kind = kind
        self._members: dict[str, T] = {}
        self._aliases: dict[str, str] = {}

    def add(self, name: str, value: T, aliases: tuple[str, ...] = ()) -> T:
        """Registers `value` under `name` and its aliases; ValueError if one is taken."""
        for word in (name, *aliases):
            if word in self._members or word in self._aliases:
                raise ValueError(f"two {self.kind}s named {word!r}")
        self._members[name] = value
        self._aliases.update(dict.fromkeys(aliases, name))
        return value

    def register(self, name: str, *aliases: str) -> Callable[[T], T]:
        """`add` as a decorator."""
        return lambda value: self.add(name, value, aliases)

    def words(self) -> list[str]:
        """All names and aliases."""
        return [*self._members, *self._aliases]

    def canonical(self, name: str) -> str:
        """The member's own name, given that or an alias; BadInput if there is none such."""
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
        from difflib import get_close_matches  # only a miss pays for it

        close = get_close_matches(name.lower(), [*self._members, *self._aliases], n=1)
        return f"did you mean {close[0]!r}?" if close else f"try one of {', '.join(self._members)}"
