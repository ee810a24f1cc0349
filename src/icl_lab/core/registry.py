"""One registry a kind of component: a file in a folder is a component, its stem the registered name.

Registration sits on the class, discovery imports the folder, and a third party adds its own components through the
entry-point group `icl_lab.<kind>` of its package.
"""

import importlib
import pkgutil
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from icl_lab.core.errors import UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """Names -> classes of one kind.

    Args:
        kind: What the components are, in the singular, as messages and JSON say it: `"task"`.
        package: The package whose modules are the components: `"icl_lab.tasks"`.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._components: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, component: type[T]) -> type[T]:
        """Class decorator: register under the stem of the file that defines the class, and set its `name`."""
        name = component.__module__.rsplit(".", 1)[-1]
        if name in self._components:
            held = self._components[name]
            raise ValueError(f"two {self.kind}s are called {name!r}: {held.__module__} and {component.__module__}")
        component.name = name  # type: ignore[attr-defined]
        self._components[name] = component
        return component

    def names(self) -> tuple[str, ...]:
        """All registered names, sorted."""
        self._discover()
        return tuple(sorted(self._components))

    def get(self, name: str) -> type[T]:
        """The class registered under `name`.

        Raises:
            UnknownName: With the nearest registered names.
        """
        self._discover()
        if name not in self._components:
            raise UnknownName(self.kind, name, self._components)
        return self._components[name]

    def __contains__(self, name: str) -> bool:
        self._discover()
        return name in self._components

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        folder = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(folder.__path__):
            if not module.ispkg:
                importlib.import_module(f"{self.package}.{module.name}")
        for entry in entry_points(group=f"icl_lab.{self.kind}"):
            entry.load()
