"""`stoker report` and log.report: the page of a run, of several and of a sweep, in a browser where
there is one; the live page and what it serves to Prometheus."""
import importlib.util
import json
import os
import pathlib
import re
import socket
import threading
import time
import unittest
import urllib.request

import accessibility
import browser
from binary import BinaryTest

QUICK = ("log.tensorboard=false", "log.csv=false")
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"

in_a_browser = unittest.skipUnless(browser.PROGRAM, "Chromium is not installed")


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))


class Report(BinaryTest):
    def report(self, *words):
        self.stoker("report", *words, "-o", "page.html")
        return (self.folder / "page.html").read_text()

    def test_the_page_of_a_run_has_what_its_folder_says(self):
        self.stoker("train", "tiny.yaml", *QUICK, "log.report=true", "optimizer.lr=0.02")
        run = self.folder / "runs/tiny/1"
        page = (run / "report.html").read_text()
        data = data_of(page)
        metrics = self.metrics("runs/tiny/1")
        losses = [line["loss"] for line in metrics if line["split"] == "train"]
        drawn = data["runs"][0]["series"]["train.loss"]
        self.assertEqual(drawn["x"], [line["step"] for line in metrics if line["split"] == "train"])
        for a, b in zip(drawn["y"], losses):
            self.assertAlmostEqual(a, b, places=4)
        self.assertIn("finished", page)
        self.assertIn("override `optimizer.lr=0.02`", page)
        self.assertIn("data:image/jpeg;base64", page)
        kinds = {event["kind"] for event in data["runs"][0]["events"]}
        self.assertLessEqual({"evaluation", "checkpoint", "end"}, kinds)
        evaluation = json.loads((run / "evaluation.json").read_text())
        self.assertEqual(sum(count for _, _, count in evaluation["confusion"]), 40)
        right = sum(count for label, guess, count in evaluation["confusion"] if label == guess)
        self.assertAlmostEqual(right / 40, evaluation["top1"])
        self.assertEqual(sum(images for images, _, _ in evaluation["calibration"]), 40)
        self.assertTrue(any("wrong" in example["why"] for example in evaluation["examples"]))
        self.assertTrue(all("picture" in example for example in evaluation["examples"]))
        self.assertEqual(self.report(run).count("Most wrong"), 1)

    def test_a_run_that_failed_has_a_report_with_its_error(self):
        self.stoker("train", "tiny.yaml", *QUICK, "log.report=true", "optimizer.lr=1e30", expect=6)
        page = (self.folder / "runs/tiny/1/report.html").read_text()
        self.assertIn('class="error"', page)
        self.assertIn("failed", page)

    def test_a_run_that_goes_on_marks_it(self):
        self.stoker("train", "tiny.yaml", *QUICK, "train.stop_after_epochs=1")
        self.stoker("train", "--resume", "runs/tiny/1", "train.stop_after_epochs=none")
        events = data_of(self.report("runs/tiny/1"))["runs"][0]["events"]
        self.assertEqual([e["step"] for e in events if e["kind"] == "resume"], [6])

    def test_several_runs_and_a_sweep(self):
        for lr in (0.01, 0.02):
            self.stoker("train", "tiny.yaml", *QUICK, f"optimizer.lr={lr}", "train.epochs=1")
        page = self.report("runs/tiny/1", "runs/tiny/2")
        self.assertEqual([run["label"] for run in data_of(page)["runs"]], ["tiny/1", "tiny/2"])
        self.assertIn("optimizer.lr", page)
        self.stoker("sweep", "tiny.yaml", *QUICK, "optimizer.lr=0.01,0.02", "train.epochs=1")
        sweep = data_of(self.report("runs/tiny/sweep-1"))["sweep"]
        self.assertEqual(sweep["keys"], ["optimizer.lr"])
        self.assertEqual(len(sweep["settings"]), 2)
        self.assertTrue(any(setting["best"] for setting in sweep["settings"]))
        _, err = self.stoker("report", "runs/tiny/1", "runs/tiny/sweep-1", expect=2)
        self.assertIn("a sweep, which has a report of its own", err)
        _, err = self.stoker("report", "nowhere", expect=2)
        self.assertIn("not a run's folder", err)


# A pixel.
PNG = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E"
       "rkJggg==")
EXAMPLES = [{"file": f"{i}.png", "label": i % 5, "guesses": [[(i + k) % 5, share] for k, share in
                                                             enumerate((0.5, 0.3, 0.2), start=1 - i % 2)],
             "why": [why], "picture": PNG, "small": True}
            for i, why in enumerate(("wrong", "wrong", "uncertain", "uncertain"))]


def make_run(folder, name="a", steps=300, top1=0.9, classes=5):
    """A run's folder as a training leaves it, without one."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(f"name: {json.dumps(name)}\nseed: 0\ntrain: {{epochs: 3}}\n")
    lines = []
    for step in range(1, steps + 1):
        line = {"time_s": 0.5 * step, "epoch": 3 * step / steps, "step": step, "split": "train",
                "loss": 77.5 if step == steps // 2 else 2 / step, "lr": 0.1,
                "images_per_s": 700 + step % 13, "data_wait": 0.01, "memory_gib": 0.5,
                "peak_bytes": 1 << 28, "gpu_power_w": 400 + step % 9, "gpu_temp_c": 60}
        lines.append(line)
        if step % (steps // 3) == 0:
            lines.append({"time_s": 0.5 * step, "epoch": 3 * step / steps, "step": step,
                          "split": "val", "loss": 1 / step, "top1": top1, "top5": 1.0, "ece": 0.1})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "summary.json").write_text(json.dumps({"reason": "finished", "steps": steps}))
    names = [name] + [f"class {i}" for i in range(1, classes)]
    cells = [[i, i, 10 + i] for i in range(classes)] + [[0, 1, 4], [2, 0, 3]]
    (folder / "evaluation.json").write_text(json.dumps({
        "classes": names, "confusion": cells, "ece": 0.1,
        "per_class": [[14, 0.9 - 0.1 * i, 0.5 + 0.1 * i, 0.7] for i in range(classes)],
        "calibration": [[3 * i, (i + 0.5) / 15, max(0, i / 15 - 0.1)] for i in range(15)],
        "examples": EXAMPLES}))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in (
        {"event": "start", "step": 0}, {"event": "checkpoint", "step": steps // 2, "name": "latest"})))
    (folder / "environment.json").write_text(json.dumps(
        {"host": "here", "origins": {"train.epochs": "a.yaml:3"}, "usable_cpus": 2}))
    return folder


@in_a_browser
class InABrowser(BinaryTest):
    def setUp(self):
        super().setUp()
        self.browser = browser.Browser()
        self.browser.__enter__()
        self.addCleanup(self.browser.__exit__)

    def open(self, *runs, **options):
        self.stoker("report", *runs, "-o", "page.html")
        return self.browser.open(self.folder / "page.html", **options)

    def test_hover_zoom_and_sort(self):
        page = self.open(make_run(self.folder / "runs/a/1"))
        page.hover(".plot", (0.5, 0.5))
        self.assertIn("training", page.value("document.querySelector('.tip').textContent"))
        self.assertEqual(page.value("document.querySelectorAll('.cross line').length > 3"), True)
        whole = page.value("stokerPage.group.charts[0].range")
        page.drag(".plot", (0.4, 0.5), (0.6, 0.5))
        part = page.value("stokerPage.group.range")
        self.assertLess(part[1] - part[0], 0.5 * (whole[1] - whole[0]))
        page.value("document.querySelector('.plot').focus()")
        page.press("Escape")
        self.assertIsNone(page.value("stokerPage.group.range"))
        page.press("ArrowRight")
        self.assertIn("training", page.value("document.querySelector('.heard').textContent"))
        first = "[...document.querySelectorAll('#classes tbody tr')].map(r => r.cells[0].textContent)"
        before = page.value(first)
        page.click("#classes th:nth-child(4) button")
        self.assertEqual(page.value(first), before)  # recall grows already
        page.click("#classes th:nth-child(4) button")
        self.assertEqual(page.value(first), before[::-1])
        self.assertEqual(
            page.value("document.querySelector('#classes th:nth-child(4)').getAttribute('aria-sort')"),
            "descending")
        page.hover("canvas.matrix", (0.9, 0.9))
        self.assertRegex(page.value("document.querySelector('.tip').textContent"), "right|taken for")
        self.assertEqual(page.problems(), [])

    def test_a_phone_in_the_dark_and_print(self):
        page = self.open(make_run(self.folder / "runs/a/1"), width=390, height=800, dark=True,
                         is_phone=True)
        self.assertEqual(page.value("document.documentElement.scrollWidth"), 390)
        self.assertEqual(page.value("getComputedStyle(document.body).backgroundColor"),
                         "rgb(13, 17, 23)")
        page.call("Emulation.setEmulatedMedia", media="print")
        self.assertEqual(page.value("getComputedStyle(document.body).backgroundColor"),
                         "rgb(255, 255, 255)")
        self.assertEqual(page.problems(), [])

    def test_everybody_can_read_and_use_it(self):
        page = self.open(make_run(self.folder / "runs/a/1"))
        self.assertEqual(accessibility.problems(page), [])
        self.stoker("report", "runs/a/1", make_run(self.folder / "runs/b/1", "b", top1=0.8), "-o", "both.html")
        self.assertEqual(accessibility.problems(self.browser.open(self.folder / "both.html")), [])

    def test_what_a_page_lacks_is_found(self):
        (self.folder / "bad.html").write_text(
            "<html><body><h1>a</h1><h3>b</h3><img src=x><svg></svg><button></button><button tabindex=-1>no</button>"
            "<p style='color:#999;background:#fff'>pale</p>" + "<p>text</p><a href=x>link</a>" * 20)
        found = " ".join(accessibility.problems(self.browser.open(self.folder / "bad.html")))
        for words in ("no language", "no title", "heading 3 after 1", "no words for <img", "no words for <svg",
                      "a button without a name", 'light: contrast 2.85 of "pale"', "does not reach <button tabindex"):
            self.assertIn(words, found)

    def test_names_with_markup_stay_text(self):
        page = self.open(make_run(self.folder / "runs/a/1", name=HOSTILE))
        self.assertEqual(page.value("document.querySelector('h1').firstChild.textContent"), HOSTILE)
        self.assertEqual(page.value("[...document.images].filter(i => !i.src.startsWith('data:')).length"), 0)
        self.assertEqual(page.problems(), [])

    def test_100_000_steps_open_with_their_peak(self):
        run = make_run(self.folder / "runs/a/1", steps=100_000)
        self.stoker("report", run, "-o", "page.html")
        self.assertLess((self.folder / "page.html").stat().st_size, 5_000_000)
        page = self.browser.open(self.folder / "page.html")
        self.assertEqual(page.value("document.documentElement.dataset.ready"), "yes")
        top = page.value("Math.min(...document.querySelector('.plot .line').getAttribute('d')"
                         ".split(/[ML]/).slice(1).map(p => +p.split(' ')[1]))")
        peak = page.value("stokerPage.group.charts[0].py(77.5)")
        self.assertAlmostEqual(top, peak, delta=0.1)
        self.assertEqual(page.problems(), [])

    def test_a_sweep_s_marks_and_table(self):
        self.stoker("sweep", "tiny.yaml", *QUICK, "optimizer.lr=0.01,0.02", "train.batch_size=16,24",
                    "train.epochs=1")
        page = self.open("runs/tiny/sweep-1")
        self.assertEqual(page.value("document.querySelectorAll('#pareto .dot').length"), 4)
        page.hover("#pareto .dot.best")
        self.assertIn("optimizer.lr=", page.value("document.querySelector('.tip').textContent"))
        self.assertEqual(page.value("document.querySelectorAll('tr.picked').length"), 1)
        page.drag("#parallel .hold", (0.5, 0.97), (0.5, 0.6))
        hidden = "document.querySelectorAll('tr[data-setting][hidden]').length"
        self.assertEqual(page.value(hidden), 2)
        # The same with the keyboard: what an axis keeps is said, and Escape lets all in again.
        kept = "document.querySelectorAll('#parallel .hold')[0].getAttribute('aria-valuetext')"
        page.value("document.querySelectorAll('#parallel .hold')[0].focus()")
        page.press("Escape")
        self.assertEqual((page.value(hidden), page.value(kept)), (0, "all"))
        page.press("ArrowUp")
        self.assertEqual((page.value(hidden), page.value(kept)), (2, "0.02 to 0.02"))
        self.assertEqual(page.value("document.activeElement.getAttribute('aria-label')"), "keep of optimizer.lr")
        page.press("ArrowDown", modifiers=8)  # Shift
        self.assertEqual((page.value(hidden), page.value(kept)), (0, "all"))
        page.press("ArrowDown")
        self.assertEqual((page.value(hidden), page.value(kept)), (2, "0.01 to 0.01"))
        page.press("Escape")
        self.assertEqual(page.problems(), [])
        self.assertEqual(accessibility.problems(page), [])


class Live(BinaryTest):
    """A training with monitor.port: what it serves, and that nobody who asks can disturb it."""

    def setUp(self):
        super().setUp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = self.start("train", "tiny.yaml", *QUICK, "train.epochs=100000", "monitor.cpu_tdp_w=20",
                                  f"monitor.port={self.port}")
        self.addCleanup(self.end)
        metrics = self.folder / "runs/tiny/1/metrics.jsonl"
        for _ in range(600):
            if metrics.exists() and metrics.read_text().count('"val"') > 1:
                return
            time.sleep(0.1)
        self.fail("the training does not begin")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=120)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read().decode()

    @unittest.skipUnless(importlib.util.find_spec("prometheus_client"),
                         "prometheus_client is not installed")
    def test_prometheus_s_own_parser_reads_the_figures(self):
        from prometheus_client.parser import text_string_to_metric_families
        families = {family.name: family for family in text_string_to_metric_families(self.get("/metrics"))}
        self.assertEqual(families["stoker_steps"].type, "counter")
        self.assertTrue(families["stoker_steps"].documentation)
        self.assertEqual(families["stoker_steps"].samples[0].labels, {"run": "runs/tiny/1"})
        for name in ("stoker_images_per_second", "stoker_train_loss", "stoker_val_top1_ratio",
                     "stoker_memory_bytes", "stoker_build_info"):
            self.assertIn(name, families)
            self.assertTrue(families[name].documentation)

    def counters(self):
        """What /metrics counts, once a log line has all of it."""
        names = {f"stoker_{what}_total" for what in ("steps", "epochs", "train_seconds", "energy_joules")}
        for _ in range(600):
            try:
                rows = dict(re.findall(r"^(stoker_\w+_total)\{.*\} (\S+)$", self.get("/metrics"), re.M))
            except OSError:  # it does not listen yet
                rows = {}
            if set(rows) == names:
                return {name: float(value) for name, value in rows.items()}
            time.sleep(0.1)
        self.fail("/metrics lacks a counter")

    def test_counters_go_on_over_a_resume(self):
        before = self.counters()
        self.end()
        self.assertEqual(self.process.returncode, 75)
        self.process = self.start("train", "--resume", "runs/tiny/1")
        for name, value in before.items():
            self.assertGreater(value, 0, name)
        # Energy is sampled a few times a second: the first log line may come before its first growth.
        for _ in range(600):
            after = self.counters()
            for name, value in before.items():
                self.assertGreaterEqual(after[name], value, name)
            if all(after[name] > value for name, value in before.items()):
                return
            time.sleep(0.1)
        self.fail(f"a counter does not grow: {before}, {after}")

    def sockets(self):
        """How many sockets the training has open."""
        count = 0
        for file in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                count += os.readlink(file).startswith("socket:")
            except FileNotFoundError:
                continue
        return count

    def resident(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def besiege(self):
        """200 connections: requests that do not end, and streams that nobody reads."""
        held = []
        for i in range(200):
            held.append(socket.create_connection(("127.0.0.1", self.port), timeout=30))
            held[-1].sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n" if i % 4 == 0
                             else b"GET / HT")
        return held

    def test_many_connections_take_neither_memory_nor_descriptors(self):
        self.get("/")
        quiet = self.sockets()
        rounds = []
        for _ in range(4):
            held = self.besiege()
            self.get("/metrics")
            self.assertLessEqual(self.sockets() - quiet, 65)  # 64 connections, and one that is let in
            rounds.append(self.resident())
            for connection in held:
                connection.close()
        # The first round makes the buffers that stay. A connection of 64 KiB would take 12 MiB a round.
        self.assertLess(rounds[-1] - rounds[0], 8 << 20)
        for _ in range(100):
            if self.sockets() <= quiet:
                break
            time.sleep(0.1)
        self.assertLessEqual(self.sockets(), quiet)

    def test_half_open_connections_and_streams_leave_it_alone(self):
        held = self.besiege()
        done = []

        def drip():
            for letter in b"GET / HTTP/1.1\r\nX: " + b"y" * 40:
                try:
                    held[-1].sendall(bytes([letter]))
                except OSError:
                    break
                time.sleep(0.02)
            done.append(True)

        threading.Thread(target=drip).start()
        self.assertIn("stoker_steps_total", self.get("/metrics"))
        before = len(self.metrics("runs/tiny/1"))
        for _ in range(300):
            if len(self.metrics("runs/tiny/1")) > before + 5:
                break
            time.sleep(0.1)
        self.assertGreater(len(self.metrics("runs/tiny/1")), before + 5)
        for connection in held:
            connection.close()
        self.end()
        self.assertEqual(self.process.returncode, 75)

    @in_a_browser
    def test_the_page_follows_the_run(self):
        with browser.Browser() as own:
            page = own.open(f"http://127.0.0.1:{self.port}/")
            length = "stokerPage.runs[0].series['train.loss'].x.length"
            before = page.value(length)
            grown = page.value(
                f"new Promise(done => {{ const wait = () => {length} > {before} + 2 ? done(true)"
                " : setTimeout(wait, 50); wait(); })")
            self.assertTrue(grown)
            self.assertIn("live: step", page.value("document.getElementById('live').textContent"))
            problems = [p for p in page.problems() if f"127.0.0.1:{self.port}/" not in p]
            self.assertEqual(problems, [])
            self.assertEqual(accessibility.problems(page), [])

    def test_a_port_in_use_is_refused_before_the_training(self):
        _, err = self.stoker("train", "tiny.yaml", *QUICK, f"monitor.port={self.port}", expect=2)
        self.assertIn("Choose another port", err)


class Loggers(BinaryTest):
    @unittest.skipUnless(importlib.util.find_spec("mlflow"), "mlflow is not installed")
    def test_mlflow_reads_the_run(self):
        # Newer versions ask for this before it opens a folder.
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        from mlflow.store.tracking.file_store import FileStore
        self.stoker("train", "tiny.yaml", *QUICK, "log.mlflow=mlruns", "train.stop_after_epochs=1")
        self.stoker("train", "--resume", "runs/tiny/1", "train.stop_after_epochs=none")
        store = FileStore(str(self.folder / "mlruns"))
        experiment = store.get_experiment_by_name("tiny")
        runs = store.search_runs([experiment.experiment_id], "", 1)
        self.assertEqual(len(runs), 1)
        run = runs[0]
        self.assertEqual(run.info.status, "FINISHED")
        self.assertEqual(run.data.params["optimizer.lr"], "0.01")
        losses = [line["loss"] for line in self.metrics("runs/tiny/1") if line["split"] == "val"]
        history = store.get_metric_history(run.info.run_id, "val.loss")
        self.assertEqual([point.value for point in history], losses)
        self.assertEqual([point.step for point in history], [6, 12, 18])

    @unittest.skipUnless(importlib.util.find_spec("tensorboard"), "tensorboard is not installed")
    def test_tensorboard_s_hparams_plugin_reads_a_sweep(self):
        from tensorboard.backend.event_processing import event_file_loader
        from tensorboard.plugins.hparams import metadata
        self.stoker("sweep", "tiny.yaml", "optimizer.lr=0.01,0.02", "train.epochs=1")
        seen = []
        for trial in ("trial-001", "trial-002"):
            [file] = (self.folder / f"runs/tiny/sweep-1/{trial}/1").glob("events.out.tfevents.*")
            for event in event_file_loader.EventFileLoader(str(file)).Load():
                for value in event.summary.value:
                    if value.tag == metadata.SESSION_START_INFO_TAG:
                        start = metadata.parse_session_start_info_plugin_data(
                            value.metadata.plugin_data.content)
                        seen.append({key: v.number_value for key, v in start.hparams.items()})
                    elif value.tag == metadata.SESSION_END_INFO_TAG:
                        end = metadata.parse_session_end_info_plugin_data(
                            value.metadata.plugin_data.content)
                        self.assertEqual(end.status, 1)
        self.assertEqual(seen, [{"optimizer.lr": 0.01}, {"optimizer.lr": 0.02}])


if __name__ == "__main__":
    unittest.main()
