"""Channels that a loop changes: variables that carry them from one iteration to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnndsl.targets.flax.draft import Carry, Line
from cnndsl.targets.flax.flow import Flow
from cnndsl.targets.flax.headers import Headers
from cnndsl.targets.flax.pyexpr import (
    Bin,
    Py,
    Ref,
    Scope,
    bindings,
)
from cnndsl.targets.flax.spelling import Env, Unspellable


class Carries(Headers):
    """Keeps the channels of tensors in variables of the constructor."""

    def carry(self, name: str, entry: Py, env: Env) -> Any:
        """The variable for channels: the one they have already, unless others need its value."""
        heads = [self.state.bound[number] for number in self.mentioned(self.heads)]
        held = {*self.live_channels(env, ("here", name)), *heads}
        own = isinstance(entry, Ref) and entry.binding.scope is Scope.FEATURES
        if own and entry.binding not in held:
            return entry.binding
        wanted = "features" if not name else f"{name}_features"
        clashes = {b.name for b in [*held, *bindings(entry)]} | self.author_names
        if wanted in clashes or self.is_argument(wanted):
            wanted = self.free_name(wanted, self.author_names)
        return self.bind(wanted, Scope.FEATURES)

    def live_channels(self, env: Env, besides: tuple[str, ...] = ()) -> list[Any]:
        """The names that the channels of tensors in scope are spelled with."""
        found = []
        scope: Env | None = env
        while scope is not None:
            for key, symbol in scope.tensors.items():
                if key not in besides and symbol.channels is not None:
                    found.extend(bindings(symbol.channels))
            scope = scope.parent
        for channels in self.state.pinned:
            found.extend(bindings(channels))
        return found

    def is_argument(self, name: str) -> bool:
        kinds = (Scope.ARGUMENT, Scope.LOCAL, Scope.LOOP)
        return any(b.name == name and b.scope in kinds for b in self.state.bound)

    def entry(self, name: str, flow: Flow, env: Env) -> Py:
        channels = flow.channels if not name else env.tensor(name).channels
        if channels is None:
            if name:
                raise Unspellable(name)
            channels = self.channels_py(flow)
        return channels

    def set_channels(self, name: str, channels: Py, flow: Flow, env: Env) -> Flow:
        if not name:
            return replace(flow, channels=channels)
        scope: Env | None = env
        while scope is not None and name not in scope.tensors:
            scope = scope.parent
        scope.tensors[name] = replace(scope.tensors[name], channels=channels)
        return flow

    def unstable(
        self, flow: Flow, out: Flow, before: dict, env: Env, carried: set[str]
    ) -> list[str]:
        """The tensors whose channels an iteration changes and nothing carries yet."""
        more = []
        if "" not in carried and out.channels != flow.channels:
            more.append("")
        for name, symbol in before.items():
            if name in ("here", "in") or name in carried:
                continue
            if env.tensors[name].channels != symbol.channels:
                more.append(name)
        return more

    def updates(self, names: dict[str, Any], out: Flow, env: Env) -> list[Line]:
        """The end of an iteration: `features += growth`, `features, p = 6 * filters, features`."""
        changes = []
        for name, binding in names.items():
            channels = out.channels if not name else env.tensor(name).channels
            if channels is None:
                raise Unspellable(name)
            if channels != Ref(binding):
                changes.append((binding, channels))
        if not changes:
            return []
        if len(changes) == 1:
            return [self.update(*changes[0])]
        return [self.assignments([b for b, _ in changes], [c for _, c in changes])]

    def update(self, binding: Any, channels: Py) -> Carry:
        """`features += growth`, or `features = 4 * width`."""
        text = self.at_init(channels)
        if isinstance(channels, Bin) and channels.left == Ref(binding):
            step = f"‹b{binding.index}› {channels.op}= {self.at_init(channels.right)}"
            return Carry([binding], [text], step)
        return Carry([binding], [text])

    def assignments(self, bound: list[Any], values: list[Py]) -> Carry:
        return Carry(list(bound), [self.at_init(value) for value in values])
