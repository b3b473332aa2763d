"""A headless Chromium driven through the DevTools protocol over a pipe: no port, no package.

    with Browser() as browser:
        page = browser.open(path, width=1280)
        page.value("document.title")
"""

import base64
import contextlib
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")


class Browser:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="stoker-browser-")
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()
        # The protocol's ends are the descriptors 3 and 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{from_us} 4>&{to_us}', "browser", PROGRAM, "--headless=new",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--hide-scrollbars", f"--user-data-dir={self.folder.name}", "--remote-debugging-pipe",
             "about:blank"],
            pass_fds=(from_us, to_us), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        self.to, self.back = to_browser, from_browser
        self.buffer, self.number, self.events = b"", 0, []
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, RuntimeError):
            self.call("Browser.close", wait_s=10)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        for _ in range(50):  # its other processes still write into the profile for a moment
            with contextlib.suppress(OSError):
                self.folder.cleanup()
                return
            time.sleep(0.1)

    def receive(self, wait_s):
        """The next message; raises RuntimeError where none comes in time."""
        end = time.monotonic() + wait_s
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.back], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.back, 1 << 20) if ready else b""
            if not piece:
                raise RuntimeError("the browser does not answer")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, wait_s=120, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(wait_s)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, session, wait_s=120):
        for event in self.events:
            if event.get("method") == method and event.get("sessionId") == session:
                return event["params"]
        while True:
            event = self.receive(wait_s)
            self.events.append(event)
            if event.get("method") == method and event.get("sessionId") == session:
                return event["params"]

    def open(self, url, width=1280, height=900, dark=False, is_phone=False):
        if isinstance(url, pathlib.Path):
            url = url.resolve().as_uri()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Runtime", "Log", "Page", "Network"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=is_phone)
        page.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.events.clear()
        page.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired", session)
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def value(self, expression):
        """What a JavaScript expression comes to, once a promise is kept."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def problems(self):
        """Errors of the console, exceptions, and what was asked of a network."""
        self.value("1")
        found = []
        for event in self.browser.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                found.append(str(params["args"]))
            elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(str(params["entry"]))
            elif event.get("method") == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:", "data:")):
                    found.append(f"asked for {url}")
        return found

    def box(self, selector, index=0):
        """Left, top, width and height of an element, scrolled into view."""
        return self.value(
            f"(() => {{ const e = document.querySelectorAll({json.dumps(selector)})[{index}];"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.left, b.top, b.width, b.height]; })()")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, selector, at=(0.5, 0.5), index=0):
        left, top, width, height = self.box(selector, index)
        self.mouse("mouseMoved", left + at[0] * width, top + at[1] * height)

    def click(self, selector, at=(0.5, 0.5), index=0):
        left, top, width, height = self.box(selector, index)
        x, y = left + at[0] * width, top + at[1] * height
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def drag(self, selector, start, end, index=0):
        left, top, width, height = self.box(selector, index)
        points = [(left + at[0] * width, top + at[1] * height) for at in (start, end)]
        self.mouse("mousePressed", *points[0], button="left", clickCount=1)
        self.mouse("mouseMoved", *points[1], button="left", buttons=1)
        self.mouse("mouseReleased", *points[1], button="left", clickCount=1)

    def press(self, key, modifiers=0):
        code = {"Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowRight": 39}.get(key, 0)
        for kind in ("rawKeyDown" if code else "keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, modifiers=modifiers,
                      windowsVirtualKeyCode=code)

    def picture(self, whole=True):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])
