"""Training: from a spec and a folder of images to a network that knows them.

```python
from cnndsl.training import Settings, fit

result = fit(Settings("LeNet5ReLU", data="digits"))
```

Needs the extra `train`. The compiler never imports this package.
"""

from __future__ import annotations

try:
    from cnndsl.training.errors import TrainingError
    from cnndsl.training.settings import Settings
    from cnndsl.training.start import Finished, fit, resume
except ModuleNotFoundError as error:
    message = f"cnndsl.training needs {error.name}: pip install 'cnndsl[train]'"
    raise ModuleNotFoundError(message, name=error.name) from None

__all__ = ["Finished", "Settings", "TrainingError", "fit", "resume"]
