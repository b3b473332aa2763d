"""`stoker doctor`: of this machine, whatever it is, of a config and of a run."""
import json
import os
import pathlib
import unittest

from binary import BinaryTest

WITHOUT_GPU = {**os.environ, "STOKER_NVML_LIBRARY": "/nowhere/libnvidia-ml.so", "CUDA_VISIBLE_DEVICES": ""}


def words_of(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.split()
    return []


class Machine(BinaryTest):
    def test_its_figures_are_those_of_the_system(self):
        out, _ = self.stoker("doctor", "--json", env=WITHOUT_GPU)
        machine = json.loads(out)
        cpu, memory, disk = machine["cpu"], machine["memory"], machine["disk"]
        self.assertEqual(cpu["processors"], os.sysconf("SC_NPROCESSORS_ONLN"))
        self.assertLessEqual(cpu["usable"], len(os.sched_getaffinity(0)))
        flags = words_of("/proc/cpuinfo", "flags")
        for key, flag in (("amx_bf16", "amx_bf16"), ("avx2", "avx2"), ("avx512", "avx512f")):
            self.assertEqual(cpu[key], flag in flags, key)
        self.assertEqual(memory["total_bytes"], 1024 * int(words_of("/proc/meminfo", "MemTotal")[0]))
        self.assertGreater(memory["usable_bytes"], 0)
        space = os.statvfs(self.folder)
        self.assertAlmostEqual(disk["free_bytes"], space.f_frsize * space.f_bavail, delta=2**30)
        self.assertGreater(disk["write_mib_s"], 0)
        self.assertEqual(machine["gpus"], [])
        self.assertIn("LibTorch", machine["libraries"])
        for warning in machine["warnings"]:
            self.assertEqual(set(warning), {"what", "why", "fix"})
        self.assertEqual([f for f in self.folder.iterdir() if "stoker-disk" in f.name], [])

    def test_without_a_gpu_it_says_so_kindly(self):
        out, err = self.stoker("doctor", "--disk", self.folder / "runs", env=WITHOUT_GPU)
        self.assertIn("Training works on the CPU", out)
        self.assertIn(f"{self.folder}: ", out)
        self.assertEqual(err, "")

    @unittest.skipUnless("STOKER_FAKE_NVML" in os.environ, "no stand-in for the driver")
    def test_a_gpu_that_cannot_be_used_ends_with_4(self):
        env = {**os.environ, "STOKER_NVML_LIBRARY": os.environ["STOKER_FAKE_NVML"],
               "STOKER_FAKE_CARD": "vanishing"}
        env.pop("CUDA_VISIBLE_DEVICES", None)
        process = self.start("doctor", "--json", env=env)
        out, err = process.communicate(timeout=60)
        machine = json.loads(out)
        self.assertEqual(machine["gpus"][0]["name"], "NVIDIA H100 80GB HBM3")
        usable = machine["driver"]["visible_to_libtorch"] > 0
        self.assertEqual((machine["can_train"], process.returncode), (usable, 0 if usable else 4), err)

    def test_the_table_of_gpus_is_the_page(self):
        out, _ = self.stoker("doctor", "--gpus")
        page = pathlib.Path(__file__).resolve().parents[2] / "docs/gpus.md"
        self.assertIn(out, page.read_text())


class Config(BinaryTest):
    def test_what_a_config_takes_here_and_on_gpus(self):
        out, _ = self.stoker("doctor", "tiny.yaml", "device=cpu", "--json")
        fit = json.loads(out)
        self.assertTrue(fit["can_train"])
        # An mlp of 768 inputs, 24 hidden units and 10 classes, trained on for three passes' worth.
        self.assertEqual(fit["training"]["flops_per_image"], 3 * 2 * (768 * 24 + 24 * 10))
        self.assertEqual(fit["training"]["images"], 3 * 96)
        self.assertEqual(fit["training"]["parameters"], 768 * 24 + 24 + 24 * 10 + 10)
        self.assertEqual(fit["here"]["microbatch"], 16)
        self.assertLess(fit["here"]["images_per_s"][0], fit["here"]["images_per_s"][1])
        h200 = next(gpu for gpu in fit["gpus"] if gpu["device"] == "H200 SXM")
        self.assertEqual((h200["arithmetic"], h200["limited_by"]), ("fp32", "host"))
        self.assertGreater(h200["kwh"][1], h200["kwh"][0])
        self.assertFalse((self.folder / "runs").exists())

    def test_a_device_that_is_not_there_ends_with_4_and_the_table(self):
        out, _ = self.stoker("doctor", "tiny.yaml", "device=cuda:15", expect=4)
        self.assertIn("This machine cannot: device: cuda:15 was asked for", out)
        self.assertIn("A100 80GB SXM", out)

    def test_what_cannot_be_examined_is_refused(self):
        for words, told in ((("nowhere.yaml",), "nowhere.yaml"), (("train.epochs=3",), "a configuration before"),
                            ((".",), "not a run's folder")):
            _, err = self.stoker("doctor", *words, expect=2)
            self.assertIn(told, err)


class Run(BinaryTest):
    def test_why_a_run_was_slow(self):
        self.stoker("train", "tiny.yaml", "log.tensorboard=false")
        out, _ = self.stoker("doctor", "runs/tiny/1", "--json")
        run = json.loads(out)
        self.assertEqual(run["state"], "finished")
        self.assertTrue(run["verdict"]["kind"])
        out, _ = self.stoker("doctor", "runs/tiny/1")
        self.assertIn("verdict: ", out)
        _, err = self.stoker("doctor", "runs/tiny/1", "train.epochs=3", expect=2)
        self.assertIn("has its own configuration", err)


if __name__ == "__main__":
    unittest.main()
