"""The one part of the distribution that is compiled; everything else about it is in pyproject.toml.

Optional: where there is no compiler, or none of Python's header files, the installation goes on without it and gmpy2 does the work.
"""

from setuptools import Extension, setup

setup(ext_modules=[Extension("montgomery", ["native/montgomery.c"], py_limited_api=True, optional=True)])
