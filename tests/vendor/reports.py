# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reports of the stand-ins: ``reports.py csynth|utilization|timing PART NAME SLACK PATH``.

They have the tools' form and no figures of the design, since nothing was synthesized: the used resources are all zero, and
the slack is what the test asks for.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.reports import csynth_xml, timing, utilization


def main(kind: str, part: str, name: str, slack: str, path: str) -> None:
    """Writes one report about the kernel or the design of that name."""
    if kind == "csynth":
        text = csynth_xml(name, lut=0, ff=0, bram18=0, dsp=0, clock=0)
    elif kind == "timing":
        text = timing(device=part, wns=float(slack), whs=float(slack))
    else:
        text = utilization(device=part, ultrascale=not part.startswith("xc7"), lut=0, ff=0, ramb36=0, ramb18=0, dsp=0)
    Path(path).write_text(text.replace("adder_wrapper", f"{name}_wrapper"))


if __name__ == "__main__":
    main(*sys.argv[1:])
