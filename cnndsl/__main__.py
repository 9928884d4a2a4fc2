"""`python -m cnndsl`."""

import sys

from cnndsl.entry import main

sys.exit(main())
