# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data classes that cost next to nothing to define, for modules that live for a tenth of a second.

The standard library writes source text for each class and compiles it: 0.8 ms apiece, and forty
of them were a fifth of what a module took to start. These keep their fields in ``__dict__`` and
share their methods. Fields, equality, hash, ``repr`` and the errors are those of ``dataclasses``,
whose ``replace``, ``fields`` and ``asdict`` take them as well; type checkers see the real ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:

    class _Factory:
        """A default that is made anew for every instance."""

        def __init__(self, make: Any) -> None:
            self.make = make

    class _Fields:
        """``__dataclass_fields__``, made when somebody asks for it."""

        def __get__(self, _instance: Any, owner: Any) -> Any:
            import dataclasses

            return dataclasses.make_dataclass(owner.__name__, owner._names).__dataclass_fields__

    def field(*, default_factory: Any) -> Any:
        """A field whose default is what ``default_factory`` returns."""
        return _Factory(default_factory)

    def dataclass(*, frozen: bool = False) -> Any:
        """Make a data class of a class with annotations; ``frozen``: hashable, and set once."""

        def define(cls: Any) -> Any:
            names = (*getattr(cls, "_names", ()), *cls.__annotations__)
            cls._names, cls._known = names, frozenset(names)
            given = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
            cls._made = {n: v.make for n, v in given.items() if isinstance(v, _Factory)}
            cls._defaults = {n: v for n, v in given.items() if n not in cls._made}
            for name in cls._made:
                delattr(cls, name)
            cls.__init__, cls.__eq__, cls.__repr__ = _init, _equal, _text
            cls.__dataclass_fields__ = _Fields()
            cls.__hash__ = _hash if frozen else None
            if frozen:
                cls.__setattr__ = cls.__delattr__ = _refuse
            return cls

        return define

    def _init(self: Any, *args: Any, **kwargs: Any) -> None:
        state = self.__dict__
        state.update(self._defaults)
        if len(args) > len(self._names) or not kwargs.keys().isdisjoint(self._names[: len(args)]):
            raise TypeError(f"{type(self).__name__}() got too many values for its fields")
        state.update(zip(self._names, args))
        state.update(kwargs)
        for name, make in self._made.items():
            if name not in state:
                state[name] = make()
        _check(self, state)

    def _check(record: Any, state: Any) -> None:
        if state.keys() != record._known:
            odd = ", ".join(sorted(state.keys() ^ record._known))
            raise TypeError(f"{type(record).__name__}: fields are missing or unknown: {odd}")

    def replace(record: Any, **changes: Any) -> Any:
        """A copy of ``record`` with other values in some fields."""
        copy = object.__new__(type(record))
        state = copy.__dict__
        state.update(record.__dict__)
        state.update(changes)
        _check(record, state)
        return copy

    def _equal(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self.__dict__ == other.__dict__

    def _hash(self: Any) -> int:
        return hash(tuple(self.__dict__[name] for name in self._names))

    def _text(self: Any) -> str:
        shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._names)
        return f"{type(self).__qualname__}({shown})"

    def _refuse(self: Any, name: str, *_value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: {name}")
