"""What all tests share: how hypothesis runs, here and in continuous integration."""

import os

from hypothesis import settings

# No deadline: a busy machine is not a failure. The blob printed with a failure reruns it.
settings.register_profile("here", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
