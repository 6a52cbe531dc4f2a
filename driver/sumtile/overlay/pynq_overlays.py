# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The bitstreams for ``pynq.Overlay("adder.bit")``: entry point ``sumtile`` of the group ``pynq.overlays``.

pynq looks for a name without folder in the ``__path__`` of the module that an entry point names: in this board's own folder.
It imports all such modules for each overlay that anybody opens by name, so this one never fails.
"""

from contextlib import suppress

from sumtile.errors import SumtileError
from sumtile.overlay.host import own_board
from sumtile.overlay.resources import overlays_folder

__path__ = [str(overlays_folder())]
with suppress(SumtileError):  # a PC, or a board that is not described
    __path__ = [str(overlays_folder() / own_board())]
