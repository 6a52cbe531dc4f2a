# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Compression of a trained network by shared kernels: decomposed, retrained, pruned, shrunk and made ternary.

Sources: Li et al., "PENNI: Pruned Kernel Sharing for Efficient CNN Inference", ICML'20 (arXiv 2005.07133); Li et al.,
"ESCALATE: Boosting the Efficiency of Sparse CNN Accelerator with Kernel Decomposition", MICRO'21, for what is ternary.
"""
