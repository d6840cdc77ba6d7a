"""Start the app and a local Shopify on this machine, out of parts that need nothing installed. Data is in `.demo/`.

`STAY=1` stays until Ctrl-C; `STAY=0` plays the story of `tools/story.py`, and fails naming the claim that
does not hold.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from types import FrameType

import requests
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tools.demo_urls import DemoUrls
from tools.processes import DidNotStart, free_port, port_answers, wait_until
from tools.programs import Programs
from tools.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".demo"
SHOP = "larkspur-outdoor.myshopify.com"
API_KEY, API_SECRET = "holdfast-demo", "demo-secret-of-no-real-shop-0123456789"
# Known by heart when nobody else has them; any free port otherwise.
USUAL_PORTS = {"app": 4420, "api": 4400, "storefront": 4401, "admin": 4402, "control": 4403, "smtp": 4425}
PATIENCE_S = 40


@dataclass(frozen=True)
class Demo:
    """A running demo. `environment` is what its processes were started with."""

    urls: DemoUrls
    programs: Programs
    valkey: Valkey
    environment: Mapping[str, str]


def main() -> int:
    """Start, then stay or play. Returns the exit code."""
    # A story plays beside another demo as well: in a folder of its own, on any free ports.
    stays = os.environ.get("STAY", "1") != "0"
    folder = FOLDER / ("stay" if stays else "story")
    for sign in (signal.SIGTERM, signal.SIGINT):  # a shell starts background jobs with SIGINT ignored
        signal.signal(sign, _leave)
    try:
        with only_one_in(folder), running_demo(folder, pick_ports(USUAL_PORTS if stays else {})) as demo:
            return stay(demo) if stays else play(demo.urls)
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        return 0
    except (DidNotStart, AlreadyRunning) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1


def _leave(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class AlreadyRunning(RuntimeError):
    """Another demo has the folder."""


@contextmanager
def only_one_in(folder: Path) -> Iterator[None]:
    """
    Empty the folder and hold it: the store lives in memory, so what an earlier demo left belongs to no store.

    Raises:
        AlreadyRunning: A demo that still runs has it.
    """
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise AlreadyRunning("one is running in this checkout already: stop it first") from exc
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield


def pick_ports(usual: Mapping[str, int]) -> dict[str, int]:
    """A free port for every surface, the usual one where it is free."""
    return {
        name: usual[name] if name in usual and not port_answers(usual[name]) else free_port() for name in USUAL_PORTS
    }


@contextmanager
def running_demo(folder: Path, ports: Mapping[str, int], database_url: str | None = None) -> Iterator[Demo]:
    """
    Start every part and wait until all answer; stop them all when left.

    Args:
        database_url: An empty database; a SQLite file in the folder when left out.
    Raises:
        DidNotStart: A part ended or did not answer; the message ends with what it printed last.
    """
    places = {name: f"http://127.0.0.1:{port}" for name, port in ports.items() if name != "smtp"}
    urls = DemoUrls(shop=SHOP, **places)
    valkey = Valkey(folder / "valkey")
    with Programs(folder) as programs:
        try:
            valkey.start()
            database_url = database_url or f"sqlite:///{folder / 'holdfast.sqlite3'}"
            environment = app_environment(database_url, urls, valkey.url, ports["smtp"])
            start_store(programs, folder, urls, ports)
            start_app(programs, environment, urls)
            yield Demo(urls, programs, valkey, environment)
        finally:
            programs.stop()
            valkey.stop()


def app_environment(database_url: str, urls: DemoUrls, redis_url: str, smtp_port: int) -> dict[str, str]:
    """The app's settings (docs/architecture.md), pointing at the local Shopify."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SHOPIFY_API_KEY": API_KEY,
        "SHOPIFY_API_SECRET": API_SECRET,
        "SHOPIFY_GATEWAY": urls.api,
        "APP_BRIDGE_URL": f"{urls.admin}/app-bridge.js",
        "ADMIN_ORIGINS": urls.admin,
        "APP_URL": urls.app,
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "MAIL_FROM": "Larkspur Outdoor <backorders@larkspur-outdoor.example>",
        "DKIM_KEY": dkim_key(),
        "ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "CLOCK_URL": urls.clock,
        "DEV_PAGES": "on",
    }


def dkim_key() -> str:
    """A key to sign mails with, made anew for each demo."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def start_store(programs: Programs, folder: Path, urls: DemoUrls, ports: Mapping[str, int]) -> None:
    """Start the local Shopify and wait until every surface of it answers."""
    ready = folder / "store-is-ready.json"
    command = [sys.executable, "-m", "devstore", "--app-url", urls.app, "--ready-file", str(ready)]
    command += ["--api-key", API_KEY, "--api-secret", API_SECRET, "--shop", SHOP]
    command += ["--app-toml", str(ROOT / "shopify.app.toml")]
    for surface in ("api", "storefront", "admin", "control", "smtp"):
        command += [f"--{surface}-port", str(ports[surface])]
    store = programs.start("devstore", command, os.environ)
    wait_until(ready.exists, "the local Shopify", process=store, log=programs.log("devstore"), patience_s=PATIENCE_S)


def start_app(programs: Programs, environment: Mapping[str, str], urls: DemoUrls) -> None:
    """Do what the Procfile does: release, then web, worker and clock."""
    python = sys.executable
    release = programs.start("release", [python, "-m", "plugin.cli", "migrate"], environment)
    if release.wait(PATIENCE_S) != 0:
        raise DidNotStart(f"the release command failed\n{programs.last_words('release')}")
    programs.forget("release")
    web = start_web(programs, environment, urls)
    start_worker(programs, environment)
    start_clock(programs, environment)
    wait_until(lambda: is_ready(urls.app), "the app", process=web, log=programs.log("web"), patience_s=PATIENCE_S)


def start_web(programs: Programs, environment: Mapping[str, str], urls: DemoUrls) -> Popen[bytes]:
    """Start the web process, for the first time or after it was killed."""
    granian = Path(sys.executable).parent / "granian"
    port = urls.app.rsplit(":", 1)[1]
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "--blocking-threads", "16"]
    options += ["--no-access-log", "--log-config", str(ROOT / "plugin" / "granian.json")]
    return programs.start("web", [granian, *options, "plugin.wsgi:app"], environment)


def start_worker(programs: Programs, environment: Mapping[str, str]) -> None:
    """Start the worker, for the first time or after it was killed."""
    programs.start("worker", [sys.executable, "-m", "plugin.cli", "worker"], environment)


def start_clock(programs: Programs, environment: Mapping[str, str]) -> None:
    """Start the clock, for the first time or after it was killed."""
    programs.start("clock", [sys.executable, "-m", "plugin.cli", "clock"], environment)


def is_ready(app: str) -> bool:
    """Whether `/readyz` says so."""
    try:
        return requests.get(f"{app}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def stay(demo: Demo) -> int:
    """Tell where things are, then wait for Ctrl-C, or for a part to end. Returns the exit code."""
    print(where_to_look(demo.urls), flush=True)
    while not demo.programs.ended():
        time.sleep(0.2)
    for name in demo.programs.ended():
        print(f"demo: {name} ended\n{demo.programs.last_words(name)}", file=sys.stderr)
    return 1


def where_to_look(urls: DemoUrls) -> str:
    """What a person is told."""
    lines = [
        "",
        "Holdfast runs. Open in a browser:",
        f"  merchant's admin   {urls.admin}/",
        f"  product page       {urls.storefront}/products/winter-boots",
        f"  every mail sent    {urls.mail}",
        "The story waits to be played by hand: install Holdfast in the admin, do its four first steps, buy",
        "the last 3 black boots of size 42, enter a delivery, order again, move its date, book the goods in.",
        "Logs are in .demo/stay/. Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def play(urls: DemoUrls) -> int:
    """Play the story. Returns 0, or 1 when a claim of it does not hold."""
    from tools.story import play as play_story

    try:
        play_story(urls)
    except AssertionError as claim:
        print(f"demo: the story does not hold: {claim}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
