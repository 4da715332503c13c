"""A Chromium without a window for tests: it opens a page at any width, light, dark or as printed, and runs axe-core."""

import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import Any

from program import ROOT

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = ROOT / "build/axe/node_modules/axe-core/axe.min.js"
"""Where `make axe` puts axe-core, https://github.com/dequelabs/axe-core"""

SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--force-color-profile=srgb", "--remote-debugging-pipe"),
)


class Browser:
    """A browser that is asked by https://chromedevtools.github.io/devtools-protocol, on two pipes."""

    def __init__(self, asking: int, answers: RawIOBase) -> None:
        self._asking, self._answers = asking, answers
        self._count, self._rest, self._session = 0, b"", ""
        self.requests: list[str] = []
        """Addresses that the page wanted since it was opened."""
        self.messages: list[str] = []
        """What the browser wrote to the page's console: errors, and whatever the policy of the page forbade."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **values: Any) -> dict[str, Any]:
        """The answer of the browser to a command."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": values}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._asking, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._count:
            self._note(answer)
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def open(self, path: Path) -> None:
        """Opens a file, and waits until it is there."""
        self.requests, self.messages = [], []
        self.ask("Page.navigate", url=path.as_uri())
        while (event := self._next()).get("method") != "Page.loadEventFired":
            self._note(event)

    def shown(self, width: int, *, dark: bool = False, printed: bool = False) -> None:
        """Shows the page at this width in pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="print" if printed else "screen", features=[scheme])

    def evaluate(self, script: str) -> Any:
        """The value of a script in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self) -> bytes:
        """The whole page as PNG."""
        return b64decode(self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"])

    def printed(self) -> bytes:
        """The page as PDF."""
        return b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])

    def violations(self) -> list[tuple[str, str, list[str]]]:
        """What axe-core finds: the rule, how serious it is, and the elements."""
        self.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        found = self.evaluate("axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)")
        return [(each["id"], each["impact"], [node["html"] for node in each["nodes"]]) for each in found]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = self._answers.read(1 << 16)
            assert more, "the browser is gone"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        values = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])
        if event.get("method") == "Log.entryAdded":
            self.messages.append(values["entry"]["text"])
        if event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.messages.append(str(values))


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    """A browser whose settings are in a folder of its own."""
    assert PROGRAM is not None
    (their_end, asking), (answering, their_other) = os.pipe(), os.pipe()
    command = [PROGRAM, *SWITCHES, f"--user-data-dir={folder}"]
    words = ["bash", "-c", f'exec "$@" 3<&{their_end} 4>&{their_other}', "chromium", *command]
    with subprocess.Popen(
        words, pass_fds=(their_end, their_other), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        os.close(their_end)
        os.close(their_other)
        try:
            with os.fdopen(answering, "rb", buffering=0) as answers:
                yield Browser(asking, answers)
        finally:
            os.close(asking)
            process.terminate()
            process.wait(timeout=30)
