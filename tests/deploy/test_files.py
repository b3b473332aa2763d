"""Manifests against the schemas of Kubernetes and, for what others define, those under schemas/; the
Dockerfile against hadolint; and all of them against what stoker promises: its exit codes, its
options, its configs."""

import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import jsonschema
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = pathlib.Path(__file__).resolve().parent / "schemas"
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
COME_AGAIN = {2, 3, 6, 70}  # what a second try would end with as well


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def inner(node, key):
    """Every value under `key`, however deep."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from inner(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from inner(value, key)


class Kubernetes(unittest.TestCase):
    def test_core_kinds_fit_their_schemas(self):
        kinds = []
        for path in MANIFESTS:
            for document in documents(path):
                if document["apiVersion"] in ("v1", "batch/v1"):
                    kubernetes_validate.validate(document, "1.31", strict=True)
                    kinds.append(document["kind"])
        self.assertEqual(sorted(kinds), ["Job", "Service"])

    def test_what_other_kinds_embed_fits_too(self):
        jobs = [job for path in MANIFESTS for document in documents(path)
                if document["kind"] == "JobSet" for job in document["spec"]["replicatedJobs"]]
        self.assertEqual(len(jobs), 1)
        for job in jobs:
            kubernetes_validate.validate({"apiVersion": "batch/v1", "kind": "Job",
                                          "metadata": {"name": job["name"]},
                                          **job["template"]}, "1.31", strict=True)

    def custom(self, kind):
        """The manifest of a kind that is none of Kubernetes' own, and what checks it."""
        schema = json.loads((SCHEMAS / f"{kind.lower()}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        found = [document for path in MANIFESTS for document in documents(path)
                 if document["kind"] == kind]
        self.assertEqual(len(found), 1)
        return found[0], jsonschema.Draft202012Validator(schema)

    def test_kinds_of_others_fit_what_they_document(self):
        for kind in ("JobSet", "TrainJob"):
            document, validator = self.custom(kind)
            self.assertEqual([error.message for error in validator.iter_errors(document)], [])

    def test_what_the_schemas_refuse(self):
        job_set, of_job_set = self.custom("JobSet")
        train_job, of_train_job = self.custom("TrainJob")
        for document, validator, path, value in (
                (job_set, of_job_set, "spec.failurePolicy.rules.0.name", "with-hyphens"),
                (job_set, of_job_set, "spec.failurePolicy.rules.0.action", "Fail"),
                (job_set, of_job_set, "spec.failurePolicy.maxRetries", 3),
                (train_job, of_train_job, "spec.podTemplateOverrides", []),
                (train_job, of_train_job, "spec.trainer.numNodes", "2"),
                (train_job, of_train_job, "spec.runtimeRef.name", "")):
            spoilt = copy.deepcopy(document)
            *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
            place = spoilt
            for part in way:
                place = place[part]
            place[last] = value
            self.assertFalse(validator.is_valid(spoilt), path)

    def test_pods_within_a_train_job_fit_too(self):
        train_job, _ = self.custom("TrainJob")
        patches = [job["template"]["spec"]["template"]["spec"]
                   for patch in train_job["spec"]["runtimePatches"] for job in
                   patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]]
        trainer = train_job["spec"]["trainer"]
        self.assertEqual(len(patches), 1)
        container = {**patches[0]["containers"][0], "image": trainer["image"],
                     "command": trainer["command"], "args": trainer["args"],
                     "resources": trainer["resourcesPerNode"]}
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "node"},
             "spec": {**patches[0], "containers": [container]}}, "1.31", strict=True)
        mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
        for folder in re.findall(r"=(/data|/runs)", trainer["args"][0]):
            self.assertIn(folder, mounted)

    def test_failures_that_would_come_again_end_the_job(self):
        rules = [rule for path in MANIFESTS for document in documents(path)
                 for policy in inner(document, "podFailurePolicy") for rule in policy["rules"]]
        ending = [set(rule["onExitCodes"]["values"]) for rule in rules
                  if rule["action"] == "FailJob"]
        self.assertEqual(ending, [COME_AGAIN] * len(ending))
        self.assertGreaterEqual(len(ending), 2)
        ignored = {code for rule in rules if rule["action"] == "Ignore"
                   for code in rule.get("onExitCodes", {}).get("values", [])}
        self.assertIn(75, ignored)

    def test_commands_name_what_there_is(self):
        for path in MANIFESTS:
            text = path.read_text()
            config = re.search(r"stoker train (\S+)", text).group(1)
            self.assertTrue((ROOT / config).exists(), config)
            self.assertIn("--devices all", text)
            self.assertIn("kueue.x-k8s.io/queue-name", text)


class Docker(unittest.TestCase):
    def test_the_dockerfile_passes_hadolint(self):
        hadolint = pathlib.Path(sys.executable).parent / "hadolint"
        if not hadolint.exists() and not shutil.which("hadolint"):
            self.skipTest("no hadolint")
        done = subprocess.run([str(hadolint) if hadolint.exists() else "hadolint",
                               str(ROOT / "deploy/docker/Dockerfile")],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_last_stage_has_no_compiler_and_a_user(self):
        last = (ROOT / "deploy/docker/Dockerfile").read_text().split("\nFROM ")[-1]
        self.assertIn("USER 1000", last)
        self.assertIn("HEALTHCHECK", last)
        for tool in ("g++", "gcc", "build-essential", "nvcc"):
            self.assertNotIn(tool, last)


if __name__ == "__main__":
    unittest.main()
