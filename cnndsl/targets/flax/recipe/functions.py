"""`optimizer`, `loss` and `augment` of a recipe, as trees."""

from __future__ import annotations

from cnndsl.recipes.recipe import Choice
from cnndsl.recipes.tables import MIXTURES
from cnndsl.targets.flax.recipe.constants import Subject, image_size, weight_decay
from cnndsl.targets.flax.recipe.scope import ARRAY, STEPS, Scope
from cnndsl.targets.python.expressions import call, constant, path
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Augment,
    Binary,
    Call,
    Constant,
    Expr,
    For,
    If,
    Item,
    Keyword,
    ListOf,
    Name,
    Return,
    Statement,
    Tuple,
    Unary,
)

_IMAGES, _LABELS, _LOGITS, _TARGETS = map(Name, ("images", "labels", "logits", "targets"))
_KEYS = Name("keys")
_LOSSES = Name("losses")
_BATCH = Item(Name("tuple"), Tuple((ARRAY, ARRAY)))
_LAST = Item(Attribute(_LOGITS, "shape"), Unary("-", Constant(1)))


# --- the optimizer --------------------------------------------------------------------


def optimizer(subject: Subject, scope: Scope) -> Function:
    recipe = subject.recipe
    own = recipe.optimizer.definition.decay
    decay = weight_decay(recipe)
    kernels = call("kernels", Name("model"))
    steps: list[Expr] = []
    if recipe.clip is not None:
        steps.append(call("optax.clip_by_global_norm", scope.of("CLIP_NORM")))
    if decay and own is None:
        decayed = call("optax.add_decayed_weights", scope.of("WEIGHT_DECAY"), kernels)
        steps.append(decayed)
    keywords = {n: constant(v) for n, v in recipe.optimizer.changed.items()}
    if own is not None:
        keywords.pop("weight_decay", None)
        if decay:
            keywords |= {"weight_decay": scope.of("WEIGHT_DECAY"), own: kernels}
        elif recipe.optimizer.definition.arguments["weight_decay"].default:
            keywords["weight_decay"] = Constant(0.0)
    if recipe.optimizer.name == "lars":
        keywords["trust_ratio_mask"] = kernels
    rate = scope.calls("schedule", STEPS)
    steps.append(call(f"optax.{recipe.optimizer.name}", rate, **keywords))
    if subject.rates:
        steps.append(call("scale_rates", scope.of("LAYER_RATES")))
    made = steps[0] if len(steps) == 1 else call("optax.chain", *steps)
    parameters = [(STEPS.id, Name("int")), ("model", path("nnx.Module"))]
    doc = "What updates the parameters of `model`"
    doc += ", of which only the kernels decay." if decay else "."
    doc += "\n\nFor `nnx.Optimizer(model, …, wrt=nnx.Param)`, or for the pure state\n"
    doc += "`nnx.state(model, nnx.Param)`."
    result = path("optax.GradientTransformation")
    return scope.function("optimizer", parameters, result, [Return(made)], doc)


# --- the loss -------------------------------------------------------------------------


def loss(subject: Subject, scope: Scope) -> Function:
    recipe = subject.recipe
    targets: Expr = call("one_hot", _LABELS, _LAST)
    if recipe.label_smoothing is not None:
        targets = call("optax.smooth_labels", targets, scope.of("LABEL_SMOOTHING"))
    body: list[Statement]
    doc = "The mean loss of a batch, and its logits (N, classes) in float32.\n\n"
    doc += "`labels` are integers (N,) or probabilities (N, classes)."
    if subject.heads:
        doc += " The auxiliary\nheads that `model` has count as AUX_WEIGHTS says."
        body = _with_heads(subject, targets, scope)
        model: Expr = Name("Network")
    else:
        body = [
            Assign((_LOGITS,), _as_float32(call("model", _IMAGES))),
            Assign((_TARGETS,), targets),
            *_apart(recipe.loss, _LOGITS),
            Return(Tuple((_mean(recipe.loss, _LOGITS), _LOGITS))),
        ]
        model = Item(Name("Callable"), Tuple((ListOf((ARRAY,)), ARRAY)))
    parameters = [("model", model), ("images", ARRAY), ("labels", ARRAY)]
    return scope.function("loss", parameters, _BATCH, body, doc)


def _with_heads(subject: Subject, targets: Expr, scope: Scope) -> list[Statement]:
    choice = subject.recipe.loss
    outputs, total, name, weight, head = map(Name, ("outputs", "total", "name", "weight", "head"))
    weighed = Binary("*", weight, _mean(choice, head))
    inner: tuple[Statement, ...] = (
        Assign((head,), _as_float32(Item(outputs, name))),
        *_apart(choice, head),
        Augment(total, "+", weighed),
    )
    return [
        Assign((outputs,), call("model.endpoints", _IMAGES)),
        Assign((_LOGITS,), _as_float32(Item(outputs, Constant(subject.logits)))),
        Assign((_TARGETS,), targets),
        *_apart(choice, _LOGITS),
        Assign((total,), _mean(choice, _LOGITS)),
        For(
            Tuple((name, weight)),
            scope.of("AUX_WEIGHTS"),
            (If(Binary("in", name, outputs), inner),),
        ),
        Return(Tuple((total, _LOGITS))),
    ]


def _as_float32(expr: Expr) -> Expr:
    return call(Attribute(expr, "astype"), path("jnp.float32"))


def _mean(choice: Choice, logits: Expr) -> Expr:
    """The mean over a batch."""
    losses = _LOSSES if _apart(choice, logits) else _losses(choice, logits)
    return call(Attribute(losses, "mean"))


def _apart(choice: Choice, logits: Expr) -> tuple[Statement, ...]:
    """The line above, of a loss that adds up over classes."""
    if choice.name in ("cross_entropy", "binary_cross_entropy"):
        return ()
    summed = call(Attribute(_losses(choice, logits), "sum"), axis=Unary("-", Constant(1)))
    return (Assign((_LOSSES,), summed),)


def _losses(choice: Choice, logits: Expr) -> Expr:
    """Of every sample; those of binary decisions, and what adds up, also of every class."""
    if choice.name == "cross_entropy":
        return call("optax.softmax_cross_entropy", logits, _TARGETS)
    if choice.name == "binary_cross_entropy":
        return call("optax.sigmoid_binary_cross_entropy", logits, _TARGETS)
    if choice.name == "focal":
        changed = {name: constant(value) for name, value in choice.changed.items()}
        return call("optax.sigmoid_focal_loss", logits, _TARGETS, **changed)
    if choice.name == "hinge":
        signs = Binary("-", Binary("*", Constant(2), _TARGETS), Constant(1))
        return call("optax.hinge_loss", logits, signs)
    return call("optax.squared_error", logits, _TARGETS)


# --- augmentation ---------------------------------------------------------------------

_SIZED = ("random_resized_crop", "cutout")  # whose `size` has no default


def augment(subject: Subject, scope: Scope) -> Function:
    choices = subject.recipe.augment
    names = [choice.name for choice in choices]
    both = set(MIXTURES) <= set(names)
    random = len(choices) + both - both  # the coin takes the key of the mixture left out
    body: list[Statement] = []
    if random > 1:
        keys = call("jax.random.split", Name("key"), Constant(random))
        body.append(Assign((_KEYS,), keys))
    floats = call("as_floats", _IMAGES)
    if choices:
        body.append(Assign((_IMAGES,), floats))
    mixed = False
    for index, choice in enumerate(choices):
        key = Item(_KEYS, Constant(index)) if random > 1 else Name("key")
        if choice.name not in MIXTURES:
            body.append(Assign((_IMAGES,), _applied(choice, key, subject, scope)))
        elif not both:
            body.append(Assign((Tuple((_IMAGES, _LABELS)),), _mixed(choice, key, scope)))
        elif not mixed:
            mixed = True
            other = next(i for i, c in enumerate(choices) if i > index and c.name in MIXTURES)
            coin = Item(_KEYS, Constant(other))
            pair = [c for c in choices if c.name in MIXTURES]
            body.append(Assign((Tuple((_IMAGES, _LABELS)),), _either(pair, coin, key, scope)))
    body.append(Return(Tuple((_IMAGES if choices else floats, _LABELS))))
    doc = "Changes images at random" if choices else "Leaves images as they are"
    doc += ", (N, H, W, C), of bytes or of floats up to 1.\n\n"
    doc += "They become floats up to 1"
    doc += ", (N, *IMAGE_SIZE, C)" if image_size(subject) else ""
    doc += "; labels become probabilities (N, CLASSES)" if set(MIXTURES) & set(names) else ""
    parameters = [("images", ARRAY), ("labels", ARRAY), ("key", ARRAY)]
    return scope.function("augment", parameters, _BATCH, body, f"{doc}.")


def _applied(choice: Choice, key: Expr, subject: Subject, scope: Scope) -> Call:
    """`flip(images, key)`, with what differs from the defaults of its definition."""
    changed = {name: constant(value) for name, value in choice.changed.items()}
    if choice.name == "random_resized_crop":
        changed.setdefault("size", constant(subject.image[:2]))
    if "size" in changed and changed["size"] == constant(image_size(subject)):
        changed["size"] = scope.of("IMAGE_SIZE")
    required = [changed.pop("size")] if choice.name in _SIZED else []
    return call(choice.name, _IMAGES, key, *required, **changed)


def _mixed(choice: Choice, key: Expr, scope: Scope) -> Call:
    labels = call("one_hot", _LABELS, scope.of("CLASSES"))
    changed = {name: constant(value) for name, value in choice.changed.items()}
    return call(choice.name, _IMAGES, labels, key, **changed)


def _either(pair: list[Choice], coin: Expr, key: Expr, scope: Scope) -> Call:
    """One mixture or the other, as a coin falls."""
    ways = [_partial(choice) for choice in pair]
    labels = call("one_hot", _LABELS, scope.of("CLASSES"))
    heads = call("jax.random.bernoulli", coin)
    return call("jax.lax.cond", heads, *ways, _IMAGES, labels, key)


def _partial(choice: Choice) -> Expr:
    changed = {name: constant(value) for name, value in choice.changed.items()}
    if not changed:
        return Name(choice.name)
    keywords = tuple(Keyword(name, value) for name, value in changed.items())
    return Call(Name("partial"), (Name(choice.name),), keywords)
