"""The networks that come with cnndsl, by name.

>>> from cnndsl import zoo
>>> [entry.name for entry in zoo.list_models("VGG16*")]
['VGG16', 'VGG16GAP']
>>> zoo.endpoints("ResNet50")[1].shape
(56, 56, 256)

`create("ResNet50", classes=10, rngs=nnx.Rngs(0))` builds one; only that needs jax and flax.
"""

from cnndsl.endpoints import Endpoint
from cnndsl.zoo.index import Entry, UnknownModel, endpoints, find, list_models
from cnndsl.zoo.modules import create

__all__ = [
    "Endpoint",
    "Entry",
    "UnknownModel",
    "create",
    "endpoints",
    "find",
    "list_models",
]
