"""The workers of an existing Dask cluster, for `psephos verify --cluster`. Needs the package `distributed`: psephos[cluster]."""

import importlib.util
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from urllib.parse import urlsplit

__all__ = ["connect"]

_CONNECTING, _WORKERS = 10, 30


@contextmanager
def connect(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor on the cluster whose scheduler is at `address`, such as tcp://10.0.0.5:8786, and how many tasks the cluster does at a
    time. Raises OSError if there is no such cluster, it has no workers, or they lack the verifier."""
    try:
        from distributed import Client
    except ImportError:
        raise ConnectionError("the package distributed is missing; pip install psephos[cluster]") from None
    _knock(address)
    logging.getLogger("tornado.application").addFilter(_is_no_cancelling)
    with Client(address, timeout=_CONNECTING, set_as_default=False) as client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS)
        except TimeoutError:
            raise ConnectionError(f"no worker has joined {address} in {_WORKERS} s") from None
        found = client.run(importlib.util.find_spec, "verifier", on_error="return")
        without = [name for name, spec in found.items() if spec is None or isinstance(spec, BaseException)]
        if without:
            raise ConnectionError(f"these workers lack the verifier: {', '.join(without)}; pip install psephos there")
        executor = client.get_executor(pure=False)
        try:
            yield executor, sum(client.nthreads().values())
        finally:
            executor.shutdown(wait=False)


def _is_no_cancelling(record: logging.LogRecord) -> bool:
    """Whether the library's event loop has something to say but that a task was called off: that is what we did, after our own words."""
    return not (record.exc_info and isinstance(record.exc_info[1], CancelledError))


def _knock(address: str) -> None:
    """Dask would try for long, and complain in many lines."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise ConnectionError(f"{address}: expected an address like tcp://10.0.0.5:8786")
    try:
        socket.create_connection((host, port), timeout=_CONNECTING).close()
    except OSError as error:
        raise ConnectionError(f"{address}: {error.strerror or error}") from None
