"""What a run says of the machine, with a library that plays NVML (tests/monitor/fake_nvml.cpp)."""
import json
import os
import time
import unittest

from binary import BinaryTest, tensors_of

FAKE = os.environ.get("STOKER_FAKE_NVML", "")
CARD = "00112233445566778899aabbccddeeff"
# Steps of some milliseconds, for two seconds.
LONG = ("model={name: mlp, hidden: [2048, 1024]}", "train.epochs=100000", "log.every_steps=20",
        "eval.every_epochs=1000000", "checkpoint.every_epochs=1000000", "monitor.every_s=0.01")


def card(name, begin_s=0):
    return {**os.environ, "STOKER_NVML_LIBRARY": FAKE, "STOKER_NVML_GPU": CARD,
            "STOKER_FAKE_CARD": name, "STOKER_FAKE_BEGIN_S": str(begin_s)}


@unittest.skipUnless(FAKE, "STOKER_FAKE_NVML names no library")
class Monitor(BinaryTest):
    def train(self, *words, env=None, expect=0):
        _, err = self.stoker("train", "tiny.yaml", *words, env=env, expect=expect)
        return err

    def lines(self, run):
        return [line for line in self.metrics(run) if line["split"] == "train"]

    def events(self, run):
        text = (self.folder / run / "events.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def test_a_card_is_read_and_its_energy_is_what_it_drew(self):
        begin = time.monotonic()
        err = self.train(*LONG, "train.max_time=2.5s", "monitor.price_per_kwh=0.3",
                         "monitor.gco2_per_kwh=380", env=card("geforce"))
        wall_s = time.monotonic() - begin
        self.assertRegex(err, r"gpu 97%  320/350 W  64 C\n")
        self.assertRegex(err, r"energy: .* kJ \(costing .*, .* g of CO2\); GPU: integral")
        self.assertNotRegex(err, r"cpu \d")
        last = self.lines("runs/tiny/1")[-1]
        for key, value in {"gpu_util": 0.97, "gpu_power_w": 320, "gpu_power_limit_w": 350,
                           "gpu_temp_c": 64, "gpu_sm_mhz": 1980, "gpu_memory_gib": 8}.items():
            self.assertAlmostEqual(last[key], value, msg=key)
        for key in ("cpu_used", "rss_gib", "joules_per_image", "joules_per_step", "tflops"):
            self.assertGreater(last[key], 0, key)
        for absent in ("gpu_sm_busy", "gpu_ecc_corrected", "exchange_wait_s"):
            self.assertNotIn(absent, last)  # this card or run has none
        summary = self.summary("runs/tiny/1")
        # What a busy machine does to the steps decides which it is.
        self.assertIn(f"{summary['verdict']['text']}", err)
        self.assertNotEqual(summary["verdict"]["kind"], "too_short")
        energy = summary["energy"]
        # From the first log line to the last; the run as a whole took longer.
        lines = self.lines("runs/tiny/1")
        seconds = sum(line["wall_s"] for line in lines[1:])
        joules = 3.6e6 * (lines[-1]["energy_kwh"] - lines[0]["energy_kwh"])
        self.assertAlmostEqual(joules / (320 * seconds), 1, delta=0.01)
        self.assertGreater(energy["joules"], joules)
        self.assertLess(energy["joules"], 320 * wall_s)
        self.assertAlmostEqual(energy["kwh"] * 3.6e6, energy["joules"])
        self.assertAlmostEqual(energy["cost"], 0.3 * energy["kwh"])
        self.assertAlmostEqual(energy["gco2"], 380 * energy["kwh"])
        per_image = [line["joules_per_image"] * line["images_per_s"]
                     for line in self.lines("runs/tiny/1")[3:]]
        self.assertAlmostEqual(sum(per_image) / len(per_image) / 320, 1, delta=0.2)
        header = (self.folder / "runs/tiny/1/metrics.csv").read_text().splitlines()[0]
        self.assertIn("gpu_power_w", header.split(","))

    def test_a_budget_of_energy_ends_a_run_which_a_resume_does_not_forget(self):
        # 300 W: 240 J come after 0.8 s.
        limit = f"train.max_energy_kwh={240 / 3.6e6}"
        self.train(*LONG, limit, "train.max_time=20s", env=card("constant"))
        summary = self.summary("runs/tiny/1")
        self.assertEqual(summary["reason"], "max_energy")
        joules = summary["energy"]["joules"]
        step = summary["steps"]
        before = self.lines("runs/tiny/1")[-2]["energy_kwh"] * 3.6e6
        self.assertLess(before, 240)
        self.assertGreaterEqual(joules, 240)
        newest = self.folder / f"runs/tiny/1/checkpoints/step-{step:08}"
        self.assertTrue((newest / "model.safetensors").is_file())
        err = self.train(*LONG, limit, "train.max_time=20s", "--resume", env=card("constant"))
        self.assertIn(f"done: max_energy after {step} steps", err)
        self.train(*LONG, f"train.max_energy_kwh={600 / 3.6e6}", "train.max_time=20s", "--resume",
                   env=card("constant"))
        total = self.summary("runs/tiny/1")["energy"]["joules"]
        self.assertGreaterEqual(total, 600)
        self.assertLess(total, joules + 600)
        # The same in money.
        self.train(*LONG, "name=money", "train.max_time=20s", "monitor.price_per_kwh=36",
                   "train.max_cost=0.0015", env=card("constant"))  # 150 J
        summary = self.summary("runs/money/1")
        self.assertEqual(summary["reason"], "max_cost")
        self.assertGreaterEqual(summary["energy"]["cost"], 0.0015)

    def test_a_card_that_vanishes_or_hangs_disturbs_nothing(self):
        self.train("train.max_steps=12", "name=plain", "monitor.every_s=0")
        plain = tensors_of(self.folder / "runs/plain/1/checkpoints/step-00000012")
        self.assertNotIn("cpu_used", self.lines("runs/plain/1")[-1])
        self.assertEqual(self.summary("runs/plain/1")["energy"], "not measured")
        for name in ("broken", "hanging"):
            begin = time.monotonic()
            self.train("train.max_steps=12", f"name={name}", "monitor.every_s=0.01", env=card(name))
            self.assertLess(time.monotonic() - begin, 60 if name == "broken" else 8)
            self.assertEqual(tensors_of(self.folder / f"runs/{name}/1/checkpoints/step-00000012"),
                             plain)
            self.assertNotIn("gpu_util", self.lines(f"runs/{name}/1")[-1])
        err = self.train(*LONG, "name=gone", "train.max_time=1.5s", env=card("vanishing", 9.3))
        self.assertEqual(err.count("has lost the GPU NVIDIA H100"), 1)
        self.assertIn("gpu_power_w", self.lines("runs/gone/1")[1])
        self.assertNotIn("gpu_power_w", self.lines("runs/gone/1")[-1])
        self.assertRegex(self.summary("runs/gone/1")["energy"]["method"],
                         r"GPU: counter for \d\d% of the time")

    def test_a_run_of_no_time_is_not_judged(self):
        err = self.train("train.max_steps=2")
        verdict = self.summary("runs/tiny/1")["verdict"]
        self.assertEqual(verdict["kind"], "too_short")
        self.assertNotIn(verdict["text"], err)

    def test_the_devices_of_all_ranks_stand_in_the_firsts_lines(self):
        self.train(*LONG, "train.max_time=1.5s", "--devices", "cpu:2", env=card("geforce"))
        lines = self.lines("runs/tiny/1")
        last = lines[-1]
        self.assertEqual(last["gpu_power_w"], 640)
        self.assertEqual(last["gpu_temp_c"], 64)
        self.assertIn(last["slowest_rank"], (0, 1))
        self.assertGreaterEqual(last["slowest_rank_works"], last["mean_rank_works"])
        self.assertGreater(last["exchange_wait_s"], 0)
        joules = self.summary("runs/tiny/1")["energy"]["joules"]
        seconds = sum(line["wall_s"] for line in lines)
        self.assertAlmostEqual(joules / (640 * seconds), 1, delta=0.2)  # with the evaluation at the end

    def test_limits_that_nothing_measures_are_refused_or_told(self):
        err = self.train("train.max_cost=1", expect=2)
        self.assertIn("monitor.price_per_kwh", err)
        err = self.train("train.max_energy_kwh=1", "monitor.every_s=0", expect=2)
        self.assertIn("monitor.every_s", err)
        err = self.train("train.max_energy_kwh=1", "log.every_steps=1", env=card("broken"))
        self.assertEqual(err.count("cannot end this run"), 1)
        self.assertEqual(self.summary("runs/tiny/1")["energy"], "not measured")


if __name__ == "__main__":
    unittest.main()
