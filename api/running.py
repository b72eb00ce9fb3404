"""Runs a service until it is told to end: its web server, its log, and the listener for its numbers."""

import os
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv6Address, ip_address
from resource import RLIMIT_CORE, setrlimit
from socket import AF_INET, AF_INET6
from threading import Thread

import uvicorn
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import logs
from api.counting import Counts
from api.settings import SettingsError

__all__ = ["metrics_server", "run"]


def run(make: Callable[[], FastAPI], name: str, host: str, port: int, metrics: tuple[str, int] | None) -> None:
    """Makes an app, which keeps its numbers in `state.counts`, and serves it at `host` and `port`; the numbers at `metrics`, an address and
    a port of this machine. What cannot start raises as `make` does, before the log is switched on, so that its words are seen."""
    os.umask(0o077)
    with suppress(OSError, ValueError):
        setrlimit(RLIMIT_CORE, (0, 0))  # a crash writes no memory to a disk
    app = make()
    logs.configure(name)
    numbers = metrics_server(app.state.counts, *metrics) if metrics else None
    if numbers:
        Thread(target=numbers.serve_forever, name="metrics", daemon=True).start()
    try:
        uvicorn.run(
            app,
            host=host,
            port=port,
            access_log=False,  # who asked for what, and when, is not written down (T3)
            log_config=None,  # api.logs has configured it
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=10,
            limit_concurrency=1000,
            log_level="warning",
        )
    finally:
        if numbers:
            numbers.shutdown()
            numbers.server_close()


def metrics_server(counts: Counts, address: str, port: int) -> ThreadingHTTPServer:
    """A listener with one page, /metrics. It answers to its own address alone, so that no web site can read it by a name it made up."""
    is_ipv6 = isinstance(ip_address(address), IPv6Address)

    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if is_ipv6 else AF_INET
        daemon_threads = True

    class Page(BaseHTTPRequestHandler):
        timeout = 10
        server_version, sys_version = "psephos", ""

        def do_GET(self) -> None:
            """The page."""
            found = self.path == "/metrics" and self.headers.get("Host", "").rpartition(":")[0].strip("[]") in (address, "localhost")
            content = generate_latest(counts.registry) if found else b""
            self.send_response_only(200 if found else 404)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing is written about who reads."""

    try:
        return Server((address, port), Page)
    except OSError as error:
        raise SettingsError(f"PSEPHOS_METRICS: {address} port {port}: {error.strerror}") from None
