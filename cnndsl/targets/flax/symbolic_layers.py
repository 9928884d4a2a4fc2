"""What flax's modules do on symbolic tensors: they hold settings, and count their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnndsl.targets.flax.forms import Codes, Forms, Padding
from cnndsl.targets.flax.signature import Signature, either, flag, integer, number, pair
from cnndsl.targets.flax.symbolic import (
    DTYPE,
    HELPER_FUNCTIONS,
    JNP_FUNCTIONS,
    NNX_FUNCTIONS,
    PARAM_DTYPE,
    RNGS,
    Tensor,
    Token,
    tensor,
    window_padding,
)
from cnndsl.targets.flax.terms import Term, Unfit
from cnndsl.targets.python.callables import Instance
from cnndsl.targets.python.library import Function, Library
from cnndsl.targets.python.values import Budget, External, Failure, described, listed

KEEP_FLOAT32 = Token("keep_float32")

Apply = Callable[[Term, Forms], Term]
Given = dict[str, object]
Settle = Callable[[Given], Apply]


class Layer(External):
    """A module of flax that was built; `apply` is what it does to a tensor."""

    def __init__(self, kind: str, is_weighted: bool, apply: Apply):
        self.kind = kind
        self.is_weighted = is_weighted
        self.apply = apply
        self.results: list[Term] = []  # one for each call

    def describe(self) -> str:
        return f"a {self.kind}"

    def call(self, args: list[object], keywords: Given) -> object:
        if keywords or len(args) != 1:
            raise Failure(f"{self.describe()} is called with one tensor alone")
        x = tensor(args[0], self.describe())
        result = self.apply(x.term, x.forms)
        self.results.append(result)
        return x.made(result)


class LayerType(External):
    """A class of flax's modules, or one that generated modules carry."""

    def __init__(
        self,
        signature: Signature,
        settle: Settle,
        built: list[Layer],
        takes: tuple[str, ...],
        is_weighted: bool = True,
    ):
        self.signature = signature
        self.settle = settle
        self.built = built
        self.takes = takes
        self.is_weighted = is_weighted

    def describe(self) -> str:
        return f"`{self.signature.name}`"

    def call(self, args: list[object], keywords: Given) -> object:
        given = self.signature.bound(args, keywords)
        for name in self.takes:
            if given[name] is not _HANDED_ON[name]:
                raise Failure(f"`{self.signature.name}` does not get the model's `{name}`")
        layer = Layer(self.signature.name, self.is_weighted, self.settle(given))
        self.built.append(layer)
        return layer


_HANDED_ON = {"rngs": RNGS, "dtype": DTYPE, "param_dtype": PARAM_DTYPE}
_DTYPES: Given = {"dtype": None, "param_dtype": None}


class Initialiser(External):
    """How a kernel starts, by its name in jax.nn.initializers."""

    def __init__(self, name: str):
        self.name = name

    def describe(self) -> str:
        return f"the initialiser {self.name}"


# Several names of one initialiser, and the functions that are initialisers themselves.
_FACTORIES = {
    **{
        name: name
        for name in (
            *("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal"),
            *("lecun_uniform", "normal", "truncated_normal", "uniform", "orthogonal"),
        )
    },
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
    "zeros_init": "zeros",
    "ones_init": "ones",
}


def _initialisers() -> Library:
    members: dict[str, object] = {"zeros": Initialiser("zeros"), "ones": Initialiser("ones")}
    for name, initialiser in _FACTORIES.items():
        members[name] = Function(f"nnx.initializers.{name}", _factory(name, initialiser))
    return Library("nnx.initializers", members)


def _factory(name: str, initialiser: str) -> Callable[[list[object], Given], object]:
    def run(args: list[object], keywords: Given) -> object:
        if args or keywords:
            raise Failure(f"`nnx.initializers.{name}` with arguments")
        return Initialiser(initialiser)

    return run


# --- settings -------------------------------------------------------------------------


def _init(given: Given) -> str:
    initialiser = given["kernel_init"]
    if not isinstance(initialiser, Initialiser):
        raise Failure(f"kernel_init is {described(initialiser)}, no initialiser")
    return initialiser.name


def _feeds(channels: int, apply: Apply) -> Apply:
    """Rejects tensors of other channels than a layer was built for."""

    def checked(x: Term, forms: Forms) -> Term:
        if x.shape[-1] != channels:
            raise Unfit(f"a layer for {channels} channels gets {x.shape[-1]}")
        return apply(x, forms)

    return checked


def _features(given: Given, name: str = "in_features") -> int:
    return integer(given[name], name)


def _layer_padding(value: object, least: int = 0) -> Padding:
    """A padding as flax's convolutions take it: a word, an integer, or one for each axis."""
    if isinstance(value, str) and value.upper() in ("SAME", "VALID"):
        return value.upper()
    if isinstance(value, int):
        value = (value, value)
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Failure(f"the padding is {described(value)}")
    height, width = [
        pair((side, side) if isinstance(side, int) else side, "a padding", least) for side in value
    ]
    return height, width


def _conv(given: Given) -> Apply:
    filters = integer(given["out_features"], "out_features")
    kernel = pair(given["kernel_size"], "kernel_size")
    stride = either(given["strides"], "strides")
    padding = _layer_padding(given["padding"])
    dilation = either(given["kernel_dilation"], "kernel_dilation")
    groups = integer(given["feature_group_count"], "feature_group_count")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    return _feeds(
        _features(given),
        lambda x, forms: forms.conv(
            x, filters, kernel, stride, padding, dilation, groups, bias, init
        ),
    )


def _sparse_conv(given: Given) -> Apply:
    connect = _table(given["connect"])
    kernel = pair(given["kernel_size"], "kernel_size")
    stride = pair(given["strides"], "strides")
    padding = window_padding(given["padding"])
    dilation = pair(given["kernel_dilation"], "kernel_dilation")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    return _feeds(
        _features(given),
        lambda x, forms: forms.conv(
            x, len(connect), kernel, stride, padding, dilation, 1, bias, init, connect
        ),
    )


def _table(value: object) -> Codes:
    if not isinstance(value, tuple) or not all(isinstance(row, tuple) for row in value):
        raise Failure(f"the connections are {described(value)}")
    return tuple(tuple(integer(item, "a channel", 0) for item in row) for row in value)


def _conv_transpose(given: Given) -> Apply:
    filters = integer(given["out_features"], "out_features")
    kernel = pair(given["kernel_size"], "kernel_size")
    stride = either(1 if given["strides"] is None else given["strides"], "strides")
    padding = _layer_padding(given["padding"], -MOST)
    if isinstance(given["padding"], str) and padding != given["padding"]:
        raise Failure("a transposed convolution takes its padding in capitals")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    return _feeds(
        _features(given),
        lambda x, forms: forms.conv_transpose(x, filters, kernel, stride, padding, bias, init),
    )


MOST = 2**53


def _linear(given: Given) -> Apply:
    units = integer(given["out_features"], "out_features")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    return _feeds(_features(given), lambda x, forms: forms.dense(x, units, bias, init))


def _batch_norm(given: Given) -> Apply:
    settings: Given = {
        "momentum": number(given["momentum"], "momentum"),
        "epsilon": number(given["epsilon"], "epsilon"),
        "scale": flag(given["use_scale"], "use_scale"),
        "bias": flag(given["use_bias"], "use_bias"),
        "float32": given["promote_dtype"] is KEEP_FLOAT32,
    }
    return _per_channel("batch norm", given, "num_features", settings)


def _layer_norm(given: Given) -> Apply:
    settings: Given = {"epsilon": number(given["epsilon"], "epsilon")}
    return _per_channel("layer norm", given, "num_features", settings)


def _group_norm(given: Given) -> Apply:
    groups = integer(given["num_groups"], "num_groups")
    if _features(given, "num_features") % groups:
        raise Unfit(f"{groups} groups of {described(given['num_features'])} channels")
    settings: Given = {"groups": groups, "epsilon": number(given["epsilon"], "epsilon")}
    return _per_channel("group norm", given, "num_features", settings)


def _layer_scale(given: Given) -> Apply:
    settings: Given = {"start": number(given["init"], "init")}
    return _per_channel("layer scale", given, "features", settings)


def _prelu(given: Given) -> Apply:
    return _per_channel("prelu", given, "features", {})


def _per_channel(op: str, given: Given, features: str, settings: Given) -> Apply:
    return _feeds(_features(given, features), lambda x, forms: forms.per_channel(op, x, **settings))


def _subsample(given: Given) -> Apply:
    window = pair(given["window"], "window")
    return _feeds(_features(given, "features"), lambda x, forms: forms.subsample(x, window))


def _dropout(given: Given) -> Apply:
    rate, axes = number(given["rate"], "rate"), given["broadcast_dims"]
    if not 0 <= rate < 1 or not isinstance(axes, tuple):
        raise Failure(f"a dropout of {rate} over {described(axes)}")
    shared = tuple(integer(axis, "an axis", 0) for axis in axes)
    return lambda x, forms: forms.dropout(x, rate, shared)


# --- containers -----------------------------------------------------------------------


class Modules(External):
    """`nnx.List`: modules, or anything that a module may hold."""

    def __init__(self, values: list[object]):
        for value in values:
            reject_data(value, "an item of `nnx.List`")
        self.values = values

    def describe(self) -> str:
        return "an `nnx.List`"

    def is_true(self) -> bool:
        return bool(self.values)

    def items(self) -> list[object]:
        return self.values

    def item(self, index: object) -> object:
        if not isinstance(index, int | slice):
            raise Failure(f"{described(index)} is no index of an `nnx.List`")
        return self.values[index]

    def attribute(self, name: str) -> object:
        if name != "append":
            return super().attribute(name)
        return Function("append", self.append)

    def append(self, args: list[object], keywords: Given) -> None:
        if keywords or len(args) != 1:
            raise Failure("`append` takes one argument")
        reject_data(args[0], "an item of `nnx.List`")
        self.values.append(args[0])


class NamedModules(External):
    """`nnx.Dict`: modules by name."""

    def __init__(self, values: dict[str, object]):
        for name, value in values.items():
            reject_data(value, f"`{name}` of `nnx.Dict`")
        self.values = values

    def describe(self) -> str:
        return "an `nnx.Dict`"

    def items(self) -> list[object]:
        return list(self.values)

    def item(self, index: object) -> object:
        if not isinstance(index, str) or index not in self.values:
            raise Failure(f"{self.describe()} has no {described(index)}")
        return self.values[index]

    def attribute(self, name: str) -> object:
        if name not in self.values:
            return super().attribute(name)
        return self.values[name]


class Sequence(External):
    """`nnx.Sequential`: callables, one after the other."""

    def __init__(self, values: list[object]):
        for value in values:
            if not isinstance(value, External):
                raise Failure(f"`nnx.Sequential` of {described(value)}")
        self.values = [value for value in values if isinstance(value, External)]

    def describe(self) -> str:
        return "an `nnx.Sequential`"

    def call(self, args: list[object], keywords: Given) -> object:
        if keywords or len(args) != 1:
            raise Failure("`nnx.Sequential` is called with one tensor alone")
        x: object = tensor(args[0], "`nnx.Sequential`")
        for value in self.values:
            x = value.call([x], {})
        return x


def reject_data(value: object, what: str) -> None:
    """flax keeps modules in its own containers alone: a plain list of them is an error."""
    todo = list(value) if isinstance(value, list | tuple) else []
    if isinstance(value, dict):
        todo = list(value.values())
    for item in todo:
        if isinstance(item, Layer | Instance | Modules | NamedModules | Sequence | Tensor):
            kind = type(value).__name__
            raise Failure(f"{what} is a plain {kind} with modules: flax wants its own containers")
        reject_data(item, what)


class ModuleBase(External):
    """`nnx.Module`."""

    is_base = True

    def describe(self) -> str:
        return "`nnx.Module`"

    def accept(self, instance: External, name: str, value: object) -> None:
        reject_data(value, f"`self.{name}`")


MODULE = ModuleBase()


# --- the modules that a generated module imports --------------------------------------


def _list(budget: Budget) -> Function:
    def run(args: list[object], keywords: Given) -> object:
        if keywords or len(args) > 1:
            raise Failure("`nnx.List` takes one iterable")
        return Modules(listed(args[0], budget) if args else [])

    return Function("nnx.List", run)


def _dict(args: list[object], keywords: Given) -> object:
    given = args[0] if len(args) == 1 else {}
    if len(args) > 1 or not isinstance(given, dict):
        raise Failure("`nnx.Dict` takes one dict")
    return NamedModules({**given, **keywords})


def _sequential(args: list[object], keywords: Given) -> object:
    if keywords:
        raise Failure("`nnx.Sequential` takes no keywords")
    return Sequence(args)


class Flax:
    """flax and jax for one run of a module; `built` are the layers in order."""

    def __init__(self, budget: Budget):
        self.built: list[Layer] = []
        init = _initialisers()
        lecun = Initialiser("lecun_normal")
        kernel: Given = {"use_bias": True, "kernel_init": lecun, **_DTYPES}
        sides: Given = {"padding": "SAME", "kernel_dilation": 1, "feature_group_count": 1}
        features = ("in_features", "out_features")
        members: dict[str, object] = {
            **NNX_FUNCTIONS,
            "Module": MODULE,
            "Rngs": Token("nnx.Rngs"),
            "initializers": init,
            "List": _list(budget),
            "Dict": Function("nnx.Dict", _dict),
            "Sequential": Function("nnx.Sequential", _sequential),
            "Conv": self._type(
                "nnx.Conv", (*features, "kernel_size"), {"strides": 1}, {**sides, **kernel}, _conv
            ),
            "ConvTranspose": self._type(
                "nnx.ConvTranspose",
                (*features, "kernel_size"),
                {"strides": None},
                {"padding": "SAME", **kernel},
                _conv_transpose,
            ),
            "Linear": self._type("nnx.Linear", features, {}, kernel, _linear),
            "BatchNorm": self._type(
                "nnx.BatchNorm",
                ("num_features",),
                {},
                {
                    "momentum": 0.99,
                    "epsilon": 1e-5,
                    "use_bias": True,
                    "use_scale": True,
                    "promote_dtype": None,
                    **_DTYPES,
                },
                _batch_norm,
            ),
            "LayerNorm": self._type(
                "nnx.LayerNorm", ("num_features",), {}, {"epsilon": 1e-6, **_DTYPES}, _layer_norm
            ),
            "GroupNorm": self._type(
                "nnx.GroupNorm",
                ("num_features",),
                {"num_groups": 32},
                {"epsilon": 1e-6, **_DTYPES},
                _group_norm,
            ),
            "Dropout": LayerType(
                Signature("nnx.Dropout", ("rate",), {}, {"broadcast_dims": (), "rngs": None}),
                _dropout,
                self.built,
                ("rngs",),
                is_weighted=False,
            ),
        }
        jnp = Library("jax.numpy", {**JNP_FUNCTIONS})
        self.imports: dict[tuple[str, str | None], External] = {
            ("flax", "nnx"): Library("nnx", members),
            ("jax.numpy", None): jnp,
            ("jax", None): Library("jax", {"Array": Token("jax.Array"), "numpy": jnp}),
            ("jax.typing", "DTypeLike"): Token("DTypeLike"),
        }
        windows: Given = {"padding": "SAME", "kernel_dilation": (1, 1), "use_bias": True}
        self.helpers: dict[str, object] = {
            **HELPER_FUNCTIONS,
            "keep_float32": KEEP_FLOAT32,
            "he_normal": Initialiser("he_normal"),
            "prelu": self._type("PReLU", ("features",), {}, _DTYPES, _prelu, rngs=False),
            "layer_scale": self._type(
                "LayerScale", ("features",), {"init": 1e-6}, _DTYPES, _layer_scale, rngs=False
            ),
            "subsample": self._type(
                "Subsample", ("features", "window"), {}, _DTYPES, _subsample, rngs=False
            ),
            "sparse_conv": self._type(
                "SparseConv",
                ("in_features", "connect", "kernel_size"),
                {"strides": (1, 1)},
                {**windows, "kernel_init": None, **_DTYPES},
                _sparse_conv,
            ),
        }

    def _type(
        self,
        name: str,
        required: tuple[str, ...],
        optional: Given,
        keyword: Given,
        settle: Settle,
        rngs: bool = True,
    ) -> LayerType:
        takes = ("dtype", "param_dtype", *(("rngs",) if rngs else ()))
        keywords = {**keyword, **({"rngs": None} if rngs else {})}
        signature = Signature(name, required, optional, keywords)
        return LayerType(signature, settle, self.built, takes)


def paths(value: object, prefix: str) -> Iterator[tuple[Layer, str]]:
    """The layers below an object, each with its attribute: `self.conv1.convs[0]`."""
    todo = [(value, prefix)]
    while todo:
        current, path = todo.pop()
        if isinstance(current, Layer):
            yield current, path
        elif isinstance(current, Instance):
            todo.extend((v, f"{path}.{n}") for n, v in reversed(current.members.items()))
        elif isinstance(current, Modules | Sequence):
            held = list(enumerate(current.values))
            todo.extend((v, f"{path}[{i}]") for i, v in reversed(held))
        elif isinstance(current, NamedModules):
            todo.extend((v, f"{path}.{n}") for n, v in reversed(current.values.items()))
