"""What other frameworks and papers call what a recipe names: settings, their choices, arguments.

Choices are compared in lower case, without underscores.
"""

from __future__ import annotations

SETTINGS = {
    "batch_size": "batch",
    "batchsize": "batch",
    "bs": "batch",
    "minibatch": "batch",
    "epoch": "epochs",
    "num_epochs": "epochs",
    "n_epochs": "epochs",
    "max_epochs": "epochs",
    "optim": "optimizer",
    "optimiser": "optimizer",
    "solver": "optimizer",
    "scheduler": "schedule",
    "lr_scheduler": "schedule",
    "lr_schedule": "schedule",
    "lr_policy": "schedule",
    "policy": "schedule",
    "criterion": "loss",
    "objective": "loss",
    "loss_fn": "loss",
    "augmentation": "augment",
    "augmentations": "augment",
    "augmenter": "augment",
    "transforms": "augment",
    "transform": "augment",
    "data_augmentation": "augment",
    "wd": "weight_decay",
    "decay": "weight_decay",
    "l2": "weight_decay",
    "regularization": "weight_decay",
    "smoothing": "label_smoothing",
    "grad_clip": "clip",
    "clip_norm": "clip",
    "clipnorm": "clip",
    "gradient_clip": "clip",
    "max_grad_norm": "clip",
    "ema_decay": "ema",
}
_RATE = "the learning rate is the schedule's: schedule constant(peak = {})"
_WITHIN = "it is an argument: {}"
ELSEWHERE = {  # settings that are no settings here, with where they stand
    **dict.fromkeys(("lr", "learning_rate", "base_lr", "initial_lr", "rate"), _RATE),
    "momentum": _WITHIN.format("optimizer sgd(momentum = {})"),
    "nesterov": _WITHIN.format("optimizer sgd(momentum = 0.9, nesterov = {})"),
    "warmup": _WITHIN.format("schedule cosine(peak = 0.1, warmup = {})"),
    "warmup_epochs": _WITHIN.format("schedule cosine(peak = 0.1, warmup = {})"),
    "gamma": _WITHIN.format("schedule step(peak = 0.1, every = 30, factor = {})"),
    "milestones": _WITHIN.format("schedule step(peak = 0.1, at = {})"),
}

CHOICES: dict[str, dict[str, str]] = {
    "optimizer": {
        "momentum": "sgd",
        "momentumsgd": "sgd",
        "sgdm": "sgd",
        "gradientdescent": "sgd",
        "stochasticgradientdescent": "sgd",
        "nag": "sgd",
        "adamoptimizer": "adam",
    },
    "schedule": {
        **dict.fromkeys(("cosineannealinglr", "cosineannealing", "cosinedecay"), "cosine"),
        **dict.fromkeys(("cosinelr", "cosineschedule", "warmupcosine"), "cosine"),
        **dict.fromkeys(("cosineannealingwarmrestarts", "cosinedecayschedule"), "cosine"),
        **dict.fromkeys(("steplr", "multisteplr", "multistep", "stepdecay"), "step"),
        **dict.fromkeys(("piecewiseconstant", "piecewise", "piecewiseconstantdecay"), "step"),
        **dict.fromkeys(("exponentiallr", "exponentialdecay", "exp"), "exponential"),
        **dict.fromkeys(("polynomiallr", "polynomialdecay", "poly", "linear"), "polynomial"),
        **dict.fromkeys(("linearlr", "lineardecay"), "polynomial"),
        **dict.fromkeys(("onecyclelr", "onecycle", "1cycle"), "one_cycle"),
        **dict.fromkeys(("constantlr", "fixed", "none"), "constant"),
    },
    "loss": {
        **dict.fromkeys(("crossentropyloss", "categoricalcrossentropy", "ce"), "cross_entropy"),
        **dict.fromkeys(("sparsecategoricalcrossentropy", "nll", "nllloss"), "cross_entropy"),
        **dict.fromkeys(("softmaxcrossentropy", "softmax", "xent", "logloss"), "cross_entropy"),
        **dict.fromkeys(("softmaxloss", "multinomiallogistic"), "cross_entropy"),
        **dict.fromkeys(("bce", "bceloss", "bcewithlogitsloss"), "binary_cross_entropy"),
        **dict.fromkeys(("binarycrossentropy", "sigmoidcrossentropy"), "binary_cross_entropy"),
        **dict.fromkeys(("mse", "mseloss", "l2", "l2loss", "meansquarederror"), "squared_error"),
        **dict.fromkeys(("euclideanloss", "euclidean"), "squared_error"),
        **dict.fromkeys(("focalloss", "sigmoidfocalloss"), "focal"),
        **dict.fromkeys(("hingeloss", "svm", "multimarginloss"), "hinge"),
    },
    "augment": {
        **dict.fromkeys(("randomcrop", "randomcropping", "padcrop", "shift"), "crop"),
        **dict.fromkeys(("randomhorizontalflip", "horizontalflip", "hflip"), "flip"),
        **dict.fromkeys(("randomflip", "fliplr", "mirror", "leftrightflip"), "flip"),
        **dict.fromkeys(("randomfliplr", "randomflipleftright"), "flip"),
        **dict.fromkeys(("randomverticalflip", "verticalflip", "vflip", "flipud"), "vertical_flip"),
        **dict.fromkeys(("randomresizedcrop", "inceptioncrop"), "random_resized_crop"),
        **dict.fromkeys(("colorjitter", "colourjitter", "jitter"), "color_jitter"),
        **dict.fromkeys(("brightness", "contrast", "saturation", "hue"), "color_jitter"),
        **dict.fromkeys(("randomerasing", "randomerase", "cutouts"), "cutout"),
        **dict.fromkeys(("lighting", "pcajitter", "pca", "coloraugmentation"), "pca_noise"),
    },
}

# Arguments of choices: every name that may be meant.
ARGUMENTS = {
    **dict.fromkeys(("lr", "learning_rate", "base_lr", "initial_lr", "init_lr"), ("peak",)),
    **dict.fromkeys(("initial_learning_rate", "init_value", "max_lr"), ("peak",)),
    **dict.fromkeys(("peak_value", "lr_max", "start", "initial", "rate", "value"), ("peak",)),
    **dict.fromkeys(("eta_min", "min_lr", "end_lr", "final_lr", "end_value"), ("end",)),
    **dict.fromkeys(("lr_min", "end_learning_rate", "minimum", "min"), ("end",)),
    **dict.fromkeys(("gamma", "decay_rate", "drop", "decay", "decay_factor"), ("factor", "decay")),
    **dict.fromkeys(("milestones", "boundaries", "steps", "epochs"), ("at",)),
    **dict.fromkeys(("step_size", "step", "period", "interval", "decay_every"), ("every",)),
    **dict.fromkeys(("warmup_epochs", "warmup_steps", "warm_up", "num_warmup"), ("warmup",)),
    **dict.fromkeys(("beta1", "beta_1"), ("b1",)),
    **dict.fromkeys(("beta2", "beta_2"), ("b2",)),
    **dict.fromkeys(("epsilon",), ("eps",)),
    **dict.fromkeys(("alpha",), ("decay", "alpha", "end")),
    **dict.fromkeys(("rho", "smoothing"), ("decay", "rho")),
    **dict.fromkeys(("p", "prob"), ("probability",)),
    **dict.fromkeys(("padding",), ("pad",)),
    **dict.fromkeys(("length", "holes", "mask_size", "patch"), ("size",)),
    **dict.fromkeys(("area",), ("scale",)),
    **dict.fromkeys(("aspect", "aspect_ratio"), ("ratio",)),
    **dict.fromkeys(("beta", "lam"), ("alpha",)),
}
_RUN = "`epochs` says how long the run is"
DROPPED = {  # arguments without which it is right, and why
    **dict.fromkeys(("T_max", "t_max", "total_steps", "decay_steps", "total_epochs"), _RUN),
    **dict.fromkeys(("max_epochs", "num_epochs", "steps_per_epoch", "T_0", "max_steps"), _RUN),
    **dict.fromkeys(("total_iters", "last_epoch", "total"), _RUN),
    **dict.fromkeys(
        ("amsgrad", "foreach", "fused", "maximize", "verbose"), "it has no meaning here"
    ),
    **dict.fromkeys(("staircase", "params", "optimizer", "dampening"), "it has no meaning here"),
    **dict.fromkeys(("from_logits", "reduction"), "the network ends in logits, averaged"),
}
RATES = frozenset("lr learning_rate rate base_lr initial_lr init_lr learningrate eta".split())


def setting(name: str) -> str | None:
    """What a setting of another framework is called here."""
    return SETTINGS.get(name.lower())


def choice(setting: str, name: str) -> str | None:
    """What an optimizer, a schedule, a loss or an augmentation is called here."""
    return CHOICES.get(setting, {}).get(name.lower().replace("_", ""))
