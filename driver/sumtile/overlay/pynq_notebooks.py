# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The notebooks for ``pynq get-notebooks sumtile``: entry point ``sumtile`` of the group ``pynq.notebooks``.

pynq imports the module that an entry point names, and takes what it wants from the folder in the module's ``__path__``.
"""

from sumtile.overlay.resources import notebooks_folder

__path__ = [str(notebooks_folder())]
