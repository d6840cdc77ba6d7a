"""The WSGI application a server loads: `granian --interface wsgi plugin.wsgi:app`."""

from __future__ import annotations

import os

from plugin import create_app
from plugin.settings import Settings

app = create_app(Settings.from_environment(os.environ))
