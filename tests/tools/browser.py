"""Headless Chromium over its debugging pipe: what is in a page, on its console, and how it looks.

The pipe needs no port and no library: JSON messages that end with a zero byte (see "Chrome
DevTools Protocol").
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

DEADLINE = 240.0  # seconds that one step may take on a busy machine
PACKAGES = ("chromium", "fonts-dejavu-core")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_LISTENED = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}


def installed() -> str:
    """The program; installed with apt when it is missing. Raises RuntimeError where it cannot."""
    if not shutil.which("chromium"):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise RuntimeError(f"missing: install {' and '.join(PACKAGES)}")
        apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            subprocess.run([*apt, *words], check=True, capture_output=True, env=environment)
    return "chromium"


class Browser:
    """One browser with one page open at a time."""

    def __init__(self) -> None:
        program = installed()
        self._profile = tempfile.TemporaryDirectory(
            prefix="tunnelmesh-chromium-", ignore_cleanup_errors=True
        )
        theirs, self._requests = os.pipe()
        self._answers, back = os.pipe()
        options = [*OPTIONS, f"--user-data-dir={self._profile.name}", "about:blank"]
        # The browser reads from descriptor 3 and writes to descriptor 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{theirs} 4>&{back}', program, *options],
            pass_fds=(theirs, back),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(back)
        self._buffer = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One request and its answer. Raises AssertionError on an error."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._requests, data) :]
        end = time.monotonic() + DEADLINE
        while True:
            answer = self._next(end)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self, end: float) -> dict[str, Any]:
        """The next message; events are kept as well."""
        while b"\0" not in self._buffer:
            left = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self._answers], [], [], left)
            data = os.read(self._answers, 1 << 20) if ready else b""
            assert data, "the browser does not answer" if not ready else "the browser has ended"
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._events.append(message)
        return message

    def open(self, file: Path, *, width: int = 1320, height: int = 900, dark: bool = False) -> Page:
        """Open a file and wait until it is loaded."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._events.clear()
        start = time.monotonic()
        self.call("Page.navigate", url=file.resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._next(start + DEADLINE)
        return Page(self, time.monotonic() - start)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """Everything that the page left on the console, and every request that was refused."""
        self.evaluate("0")  # what is under way arrives before the answer
        return [
            json.dumps(event["params"]) for event in self._events if event["method"] in _LISTENED
        ]

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=30)
        os.close(self._requests)
        os.close(self._answers)
        self._profile.cleanup()


class Page:
    """The page that is open.

    :ivar seconds: from the request to the page's load event.
    """

    def __init__(self, browser: Browser, seconds: float) -> None:
        self.browser, self.seconds = browser, seconds

    @property
    def errors(self) -> list[str]:
        """What is on the console."""
        return self.browser.complaints()

    def texts(self, selector: str) -> list[str]:
        """The text of every element that a CSS selector finds, blanks put together."""
        found: list[str] = self.browser.evaluate(
            f"Array.from(document.querySelectorAll({json.dumps(selector)}), "
            r"one => one.textContent.replace(/\s+/g, ' ').trim())"
        )
        return found

    def text(self, selector: str) -> str:
        """The text of the first one. Raises AssertionError when there is none."""
        found = self.texts(selector)
        assert found, f"nothing matches {selector}"
        return found[0]

    def count(self, selector: str) -> int:
        """How many elements there are."""
        return len(self.texts(selector))

    def press(self, key: str) -> None:
        """Press a key on what has the focus."""
        for kind in ("keyDown", "keyUp"):
            self.browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def focused(self) -> str:
        """The text of what has the focus."""
        return str(self.browser.evaluate("document.activeElement.textContent"))

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """Write a PNG of the window, or of the whole page."""
        shot = self.browser.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))
